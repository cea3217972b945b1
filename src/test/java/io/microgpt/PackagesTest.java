package io.microgpt;

import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.io.Externalizable;
import java.io.ObjectInput;
import java.io.ObjectInputStream;
import java.io.ObjectOutput;

/**
 * The table of packages: what each may use. A line of code that breaks it is in the wrong room. Libraries are named where a
 * room needs one; a library that is not named is the JDK's alone.
 */
@AnalyzeClasses(packages = "io.microgpt", importOptions = ImportOption.DoNotIncludeTests.class)
class PackagesTest {
    private static final String JDK = "java..";
    private static final String HADOOP = "org.apache.hadoop..";
    private static final String PARQUET = "org.apache.parquet..";
    private static final String JSON = "com.fasterxml.jackson..";
    private static final String[] SPARK = {
        "org.apache.spark..",
        "org.apache.hadoop..",
        "com.fasterxml.jackson..",
        "com.univocity.parsers..",
        "com.codahale.metrics..",
        "scala.."
    };
    /** Spark's side as applications of others see it, without the rooms below. */
    private static final String LIBRARY_ALONE = "io.microgpt.spark";

    @ArchTest
    static final ArchRule KERNEL = only("kernel", JDK, "jdk.incubator.vector..");

    @ArchTest
    static final ArchRule RANDOM = only("random", JDK);

    @ArchTest
    static final ArchRule MODEL = only("model", JDK, room("kernel"), room("random"));

    @ArchTest
    static final ArchRule OPTIM = only("optim", JDK, room("kernel"));

    @ArchTest
    static final ArchRule TEXT = only("text", JDK, JSON);

    @ArchTest
    static final ArchRule DATA = only("data", JDK, JSON, HADOOP, PARQUET, room("random"));

    @ArchTest
    static final ArchRule GENERATE = only("generate", JDK, room("model"), room("kernel"), room("random"));

    @ArchTest
    static final ArchRule CHECKPOINT =
            only("checkpoint", JDK, JSON, HADOOP, room("model"), room("optim"), room("text"), room("data"));

    @ArchTest
    static final ArchRule TRAIN = only(
            "train",
            JDK,
            JSON,
            HADOOP,
            room("kernel"),
            room("random"),
            room("model"),
            room("optim"),
            room("text"),
            room("data"),
            room("checkpoint"));

    @ArchTest
    static final ArchRule REPORT = only("report", JDK, JSON, HADOOP, room("train"));

    @ArchTest
    static final ArchRule SPARK_TASKS =
            onSpark("tasks", room("kernel"), room("model"), room("text"), room("checkpoint"));

    @ArchTest
    static final ArchRule SPARK_TRAINING = onSpark(
            "training",
            room("kernel"),
            room("model"),
            room("optim"),
            room("text"),
            room("data"),
            room("checkpoint"),
            room("train"),
            room("spark.tasks"));

    @ArchTest
    static final ArchRule SPARK_INPUT = onSpark("input", room("data"));

    @ArchTest
    static final ArchRule SPARK_PREPARE =
            onSpark("prepare", room("text"), room("data"), room("spark.input"), room("spark.tasks"));

    @ArchTest
    static final ArchRule SPARK_COMPLETE = onSpark(
            "complete",
            room("kernel"),
            room("model"),
            room("text"),
            room("data"),
            room("generate"),
            room("spark.input"),
            room("spark.tasks"));

    @ArchTest
    static final ArchRule SPARK_SCORE = onSpark(
            "score",
            room("kernel"),
            room("model"),
            room("text"),
            room("data"),
            room("checkpoint"),
            room("spark.input"),
            room("spark.tasks"));

    @ArchTest
    static final ArchRule LIBRARY = classes()
            .that()
            .resideInAPackage(LIBRARY_ALONE)
            .should()
            .onlyDependOnClassesThat(resideInAnyPackage(SPARK)
                    .or(resideInAnyPackage(
                            JDK,
                            LIBRARY_ALONE,
                            room("kernel"),
                            room("model"),
                            room("text"),
                            room("checkpoint"),
                            room("spark.tasks"),
                            room("spark.complete"),
                            room("spark.score"))));

    @ArchTest
    static final ArchRule LIBRARY_ON_TOP = noClasses()
            .that()
            .resideOutsideOfPackages(LIBRARY_ALONE, room("cli"))
            .should()
            .dependOnClassesThat(resideInAPackage(LIBRARY_ALONE))
            .because("what applications of others see is made of the rooms, and not the other way round");

    @ArchTest
    static final ArchRule CIRCLES = slices().matching("io.microgpt.(**)")
            .should()
            .beFreeOfCycles()
            .because("a room that is new has a place in the order too");

    @ArchTest
    static final ArchRule ALL_BUT_CLI = noClasses()
            .that()
            .resideOutsideOfPackage(room("cli"))
            .should()
            .dependOnClassesThat(resideInAPackage(room("cli")))
            .because("the commands are the top of the house");

    @ArchTest
    static final ArchRule SPARK_BELOW_CLI = noClasses()
            .that(resideInAnyPackage(
                    room("kernel"),
                    room("random"),
                    room("model"),
                    room("optim"),
                    room("text"),
                    room("data"),
                    room("generate"),
                    room("checkpoint"),
                    room("train"),
                    room("report")))
            .should()
            .dependOnClassesThat(resideInAnyPackage("org.apache.spark..", room("spark")))
            .because("only the spark package and the commands know Spark");

    @ArchTest
    static final ArchRule SPARK_LIBRARIES = classes()
            .that()
            .resideInAPackage(room("spark"))
            .should()
            .onlyDependOnClassesThat(
                    resideInAnyPackage(SPARK).or(resideInAnyPackage(JDK, "io.microgpt..", "org.apache.logging..")));

    @ArchTest
    static final ArchRule INCUBATOR = noClasses()
            .that()
            .haveSimpleNameNotStartingWith("Vector")
            .should()
            .dependOnClassesThat(resideInAPackage("jdk.incubator.."))
            .because("where the module is absent, only the vector kernels may fail to load");

    @ArchTest
    static final ArchRule EXIT = noClasses()
            .that()
            .resideOutsideOfPackage(room("cli"))
            .should()
            .callMethod(System.class, "exit", int.class)
            .orShould()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err")
            .because("only the commands print to a user or exit");

    @ArchTest
    static final ArchRule WIRE = noClasses()
            .that()
            .resideOutsideOfPackage(room("spark"))
            .and()
            .doNotHaveFullyQualifiedName("io.microgpt.data.TokenShard")
            .should()
            .dependOnClassesThat(resideInAPackage(JDK)
                    .and(assignableTo(ObjectInput.class)
                            .or(assignableTo(ObjectOutput.class))
                            .or(assignableTo(Externalizable.class))))
            .because(
                    "Java serialization is for what Spark moves between its own processes, of which a shard of tokens is one");

    @ArchTest
    static final ArchRule STORAGE = noClasses()
            .should()
            .dependOnClassesThat(assignableTo(ObjectInputStream.class))
            .orShould()
            .callMethodWhere(
                    target(nameMatching("objectFile|sequenceFile|pickleFile|saveAsObjectFile|saveAsSequenceFile")))
            .because("whoever can write a file could run code where it is read");

    private static String room(String name) {
        return "io.microgpt." + name + "..";
    }

    private static ArchRule onSpark(String name, String... others) {
        String[] allowed = java.util.Arrays.copyOf(others, others.length + SPARK.length + 2);
        System.arraycopy(SPARK, 0, allowed, others.length, SPARK.length);
        allowed[allowed.length - 2] = JDK;
        allowed[allowed.length - 1] = "org.apache.logging..";
        return only("spark." + name, allowed);
    }

    private static ArchRule only(String name, String... others) {
        String[] allowed = java.util.Arrays.copyOf(others, others.length + 1);
        allowed[others.length] = room(name);
        return classes()
                .that()
                .resideInAPackage(room(name))
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(allowed));
    }
}
