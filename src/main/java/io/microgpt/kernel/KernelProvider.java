package io.microgpt.kernel;

/**
 * Chooses the kernels of this JVM, once, and says why. The vector implementation is reached by name, because its class
 * cannot even be loaded where the JVM runs without {@code --add-modules=jdk.incubator.vector}.
 */
public final class KernelProvider {
    /** The values of the key {@code engine.kernels}. */
    public enum Choice {
        AUTO,
        VECTOR,
        SCALAR
    }

    /**
     * The kernels chosen and the reason.
     *
     * @param degraded whether vector kernels were wanted and are not there
     */
    public record Chosen(Kernels kernels, String reason, boolean degraded) {}

    private static final String MODULE = "jdk.incubator.vector";

    private static final class Auto {
        static final Chosen CHOSEN = auto();
    }

    private KernelProvider() {}

    /**
     * {@return the kernels for {@code choice}; the same object for the life of the JVM}
     *
     * @throws IllegalStateException if the vector kernels are demanded and cannot run here
     */
    public static Chosen choose(Choice choice) {
        if (choice == Choice.SCALAR) {
            return new Chosen(new ScalarKernels(), "scalar kernels, by configuration", false);
        }
        Chosen chosen = Auto.CHOSEN;
        if (choice == Choice.VECTOR && chosen.degraded()) {
            throw new IllegalStateException("engine.kernels = vector, but " + chosen.reason());
        }
        return chosen;
    }

    /** {@return the scalar reference} */
    public static Kernels scalar() {
        return new ScalarKernels();
    }

    private static Chosen auto() {
        if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
            return new Chosen(
                    new ScalarKernels(),
                    "the module " + MODULE + " is not in this JVM: the scalar kernels serve, with the same results but"
                            + " several times slower. Start java with --add-modules=" + MODULE
                            + " (Spark's own launcher does it for driver and executors)",
                    true);
        }
        try {
            Kernels kernels = (Kernels) Class.forName("io.microgpt.kernel.VectorKernels")
                    .getDeclaredConstructor()
                    .newInstance();
            return new Chosen(kernels, kernels.name() + " kernels, by the module " + MODULE, false);
        } catch (ReflectiveOperationException | LinkageError e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            return new Chosen(
                    new ScalarKernels(),
                    "the vector kernels do not start (" + cause + "): the scalar kernels serve",
                    true);
        }
    }
}
