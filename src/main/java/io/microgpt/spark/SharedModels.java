package io.microgpt.spark;

import io.microgpt.checkpoint.CheckpointStore;
import io.microgpt.checkpoint.Models;
import io.microgpt.spark.tasks.BroadcastModel;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.sql.SparkSession;

/** The models that queries of this driver used last. One that is dropped stays with the queries that have it; then Spark frees it. */
final class SharedModels {
    private static final int MOST = 4;

    /**
     * A model of an application.
     *
     * @param application Spark's, because a broadcast does not outlive it
     */
    private record Key(String application, Models.Identity identity) {}

    private static final Map<Key, BroadcastModel> MODELS = new LinkedHashMap<>(2 * MOST, 0.75f, true);

    private SharedModels() {}

    /** {@return the model that a path stands for now}, loaded if its weights are not those of a model that is here. */
    static synchronized BroadcastModel at(SparkSession spark, String path) {
        var hadoop = spark.sparkContext().hadoopConfiguration();
        String application = spark.sparkContext().applicationId();
        MODELS.keySet().removeIf(other -> !other.application().equals(application)); // it has ended
        Key key = new Key(application, Models.identify(hadoop, path));
        BroadcastModel model = MODELS.get(key);
        if (model == null) {
            model = BroadcastModel.of(
                    spark, CheckpointStore.loadDirectory(hadoop, key.identity().directory()), path);
            MODELS.put(key, model);
            Iterator<Key> eldest = MODELS.keySet().iterator();
            if (MODELS.size() > MOST) {
                eldest.next();
                eldest.remove();
            }
        }
        return model;
    }
}
