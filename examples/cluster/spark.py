"""Records of shards as lines of JSON in Spark: spark-submit spark.py in out

Every executor needs `flamingo` in its PATH. A partition is one process, which takes paths of tars as lines and gives records.
"""
import glob
import os
import sys

from pyspark.sql import SparkSession

source, target = sys.argv[1:]
tars = sorted(glob.glob(f"{source}/*.tar"))
env = {"PATH": os.environ["PATH"]}  # Spark gives a program no environment but this.
spark = SparkSession.builder.appName("flamingo-data").getOrCreate()
records = spark.sparkContext.parallelize(tars, len(tars)).pipe("flamingo data map read", env, checkCode=True)
records.pipe("flamingo data map outline", env, checkCode=True).saveAsTextFile(target)
