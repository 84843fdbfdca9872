"""Records of shards as lines of JSON in Spark: spark-submit spark.py in out

Every executor needs `flamingo` in its PATH. A partition is one process, which takes paths of tars as lines and gives records.
"""
import glob
import sys

from pyspark.sql import SparkSession

source, target = sys.argv[1:]
tars = sorted(glob.glob(f"{source}/*.tar"))
spark = SparkSession.builder.appName("flamingo-data").getOrCreate()
records = spark.sparkContext.parallelize(tars, len(tars)).pipe("flamingo data map read", checkCode=True)
records.pipe("flamingo data map outline", checkCode=True).saveAsTextFile(target)
