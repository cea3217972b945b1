package io.microgpt.cli;

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
        conf.setIfMissing("spark.ui.showConsoleProgress", "false");
        conf.setIfMissing("spark.driver.maxResultSize", "0"); // a step's gradients are as large as they are
        // Bulk goes as Externalizable blocks, which Kryo does not know, and records do not pass it.
        conf.set("spark.serializer", "org.apache.spark.serializer.JavaSerializer");
        SparkSession session = SparkSession.builder().config(conf).getOrCreate();
        session.sparkContext().setLogLevel("WARN");
        return session;
    }

    /** {@return Hadoop's configuration, with the {@code spark.hadoop.*} of spark-submit, without starting Spark} */
    static Configuration hadoop() {
        return SparkHadoopUtil.get().newConfiguration(new SparkConf());
    }
}
