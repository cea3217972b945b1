package io.microgpt.cli;

import io.microgpt.spark.SparkDefaults;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.apache.spark.sql.SparkSession;

/** Opens the Spark session of a command. What spark-submit and its files say wins over what is said here. */
final class SparkSessions {
    private SparkSessions() {}

    static SparkSession open(String application) {
        SparkConf conf = new SparkConf();
        conf.setIfMissing("spark.master", "local[*]");
        conf.setIfMissing("spark.app.name", "microgpt " + application);
        SparkDefaults.addTo(conf);
        StandaloneMasters.require(conf.get("spark.master"));
        SparkSession session = SparkSession.builder().config(conf).getOrCreate();
        HadoopDefaults.addTo(session.sparkContext().hadoopConfiguration());
        session.sparkContext().setLogLevel("WARN");
        return session;
    }

    /** {@return Hadoop's configuration, with the {@code spark.hadoop.*} of spark-submit, without starting Spark} */
    static Configuration hadoop() {
        return HadoopDefaults.addTo(SparkHadoopUtil.get().newConfiguration(new SparkConf()));
    }
}
