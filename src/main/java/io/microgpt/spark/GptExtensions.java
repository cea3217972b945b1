package io.microgpt.spark;

import io.microgpt.spark.complete.GenerateOptions;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.SparkSessionExtensions;
import org.apache.spark.sql.catalyst.FunctionIdentifier;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.ExpressionInfo;
import org.apache.spark.sql.catalyst.expressions.ScalaUDF;
import org.apache.spark.sql.types.NullType;
import org.apache.spark.sql.types.StringType;
import scala.Function1;
import scala.Option;
import scala.Tuple3;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.AbstractFunction1;
import scala.runtime.BoxedUnit;

/**
 * Models in Spark SQL, where {@code spark.sql.extensions=io.microgpt.spark.GptExtensions} is configured:
 *
 * <ul>
 *   <li>{@code gpt_complete(model, prompt)}: what the model goes on with, by {@link GenerateOptions#DEFAULTS}
 *   <li>{@code gpt_perplexity(model, text)}: how unlikely the model finds a text, as {@link GptModel#score} does
 * </ul>
 *
 * <p>The model is a constant path of a run or a checkpoint. Null gives null. A text that cannot be served ends the query with an error that
 * names it and the model. A SQL function sees a row at a time, so each is decoded alone: for many rows, {@link GptModel#generate} decodes
 * many together, to the same bits and faster, and keeps the rows that cannot be served.
 *
 * <p>A model's weights are read once by the driver, until its file of weights changes, and go once to every executor; the driver keeps the
 * four that were used last.
 */
public final class GptExtensions extends AbstractFunction1<SparkSessionExtensions, BoxedUnit> {
    @Override
    public BoxedUnit apply(SparkSessionExtensions extensions) {
        for (GptFunction.Kind kind : GptFunction.Kind.values()) {
            ExpressionInfo info = new ExpressionInfo(
                    GptExtensions.class.getName(),
                    null,
                    kind.key(),
                    kind.key() + kind.usage(),
                    "",
                    "",
                    "",
                    "",
                    "",
                    "",
                    "java_udf");
            Function1<Seq<Expression>, Expression> builder = new AbstractFunction1<>() {
                @Override
                public Expression apply(Seq<Expression> arguments) {
                    return expression(kind, CollectionConverters.asJava(arguments));
                }
            };
            extensions.injectFunction(new Tuple3<>(new FunctionIdentifier(kind.key()), info, builder));
        }
        return BoxedUnit.UNIT;
    }

    private static Expression expression(GptFunction.Kind kind, List<Expression> arguments) {
        String signature = kind.key() + kind.signature();
        if (arguments.size() != 2) {
            throw new IllegalArgumentException(signature + ": takes 2 arguments, not " + arguments.size());
        }
        Expression path = arguments.get(0);
        Object model = path.foldable() ? path.eval(null) : null;
        if (model == null || !(path.dataType() instanceof StringType)) {
            throw new IllegalArgumentException(
                    signature + ": the model must be the constant path of a run or a checkpoint, not " + path.sql());
        }
        Expression text = arguments.get(1);
        if (!(text.dataType() instanceof StringType || text.dataType() instanceof NullType)) {
            throw new IllegalArgumentException(signature + ": " + text.sql() + " is of type "
                    + text.dataType().sql() + ", but must be a string; cast it");
        }
        return new ScalaUDF(
                new GptFunction(kind, SharedModels.at(SparkSession.active(), model.toString())),
                kind.type(),
                CollectionConverters.asScala(List.of(text)).toSeq(),
                CollectionConverters.asScala(
                                List.<Option<org.apache.spark.sql.catalyst.encoders.ExpressionEncoder<?>>>of())
                        .toSeq(),
                Option.empty(),
                Option.apply(kind.key()),
                true,
                true);
    }
}
