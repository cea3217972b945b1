package io.microgpt.cli;

import io.microgpt.train.StepReport;
import io.microgpt.train.Trainer;

/** Speaks to a person: progress on the terminal, results alone on standard output. */
final class PlainOutput implements TrainingOutput {
    private final Terminal terminal;
    private Progress progress;
    private Recap recap;

    PlainOutput(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public void begins(Beginning b) {
        terminal.print(Summaries.format(
                "%s: %,d parameters, %,d steps of %d documents (%.1f epochs)%s",
                b.run(),
                b.model().parameters(),
                b.config().steps(),
                b.config().batchSize(),
                b.epochs(),
                b.resumed() ? ", going on from step " + b.from() : ""));
        terminal.print("  on " + b.source());
        terminal.print("  " + b.preflight());
        progress = new Progress(terminal, b.config().steps());
        recap = new Recap();
    }

    @Override
    public void stepEnded(StepReport report) {
        progress.stepEnded(report);
        recap.stepEnded(report);
    }

    @Override
    public void rolledBack(long step) {
        recap.rolledBack(step);
    }

    @Override
    public void warning(String message) {
        terminal.warn(message);
    }

    @Override
    public void ends(Ending e) {
        recap.sentences(e).forEach(terminal::print);
        Trainer.Result result = e.result();
        if (result.ending() == Trainer.Ending.EARLY) {
            terminal.print("ended early, at step " + result.step() + " of "
                    + e.config().steps() + ": no lower test loss in "
                    + e.config().patience()
                    + " evaluations (train.patience)");
        }
        if (result.stopped()) {
            terminal.print("stopped at step " + result.step() + " of "
                    + e.config().steps() + "; go on with: --resume --out " + e.run());
        }
        e.samples().forEach(System.out::println);
        System.out.println("model in " + e.run() + "; " + e.verdict().meaning());
        Summaries.best(result.step(), result.bestStep(), result.bestTestLoss()).ifPresent(System.out::println);
        result.replayTestLoss()
                .ifPresent(loss -> System.out.println(Summaries.format(
                        "replayed data: test loss %.4f, perplexity %.4f", loss, StrictMath.exp(loss))));
        System.out.println(e.line());
    }
}
