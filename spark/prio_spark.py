"""Runs one server's side of a batch on Apache Spark, with the command `prio` as the filter of each partition.

    python prio_spark.py admit     --input raw --output admitted --replays replays --run 2026-11-30 …
    python prio_spark.py verify1   --input admitted --output verify1 …
    python prio_spark.py verify2   --input admitted --input-internal verify1 --input-external peer/verify1 …
    python prio_spark.py aggregate --input admitted --input-internal verify2 --input-external peer/verify2 …
    python prio_spark.py publish   --input admitted --input-internal aggregate --input-external peer/aggregate …

Spark may compute a partition again at any time. So whatever decides which packet is checked, and which messages are
answered, is written out before anything is checked, and read from there by every attempt: the keys and the rows that
`admit` has chosen, and the messages that verify2 and aggregate answer. The keys and the messages are the record of a
run, in the table of replays; it must last as long as the servers' secret. See README.md.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

#: Of a packet in base64: what holds its header of 44 bytes, and its tag of 16. They identify a packet.
HEADER_CHARACTERS, TAG_CHARACTERS = 60, 24
#: Base64 may be in lines of so many characters.
MIME_LINE = 76
#: Bytes of a packet's digest that are kept. To find two that agree takes 2^64 hashes, and gains nothing.
KEY_BYTES = 16
#: Reports that may be checked at one point, with query points that all reports share.
MAX_REPORTS_AT_ONE_POINT = 2**20
#: Longer lines are skipped: no row has as much, and each would be in memory as a whole.
MAX_LINE = 64 * 2**20

#: The settings of a batch, which its admission writes down and every later step reads.
SETTINGS = [
    "server-id",
    "batch-id",
    "n-data",
    "precision",
    "prg-key",
    "public-key-hex-internal",
    "public-key-hex-external",
    "query-points",
]
#: Those that decide at which point a packet is checked, and as what. They may not change once a run is admitted.
BINDING = ["server-id", "batch-id", "n-data", "precision", "prg-key", "query-points"]
#: Where the secrets are on the executors. A failed task may show the command's options, so no option holds a secret.
SECRETS = ["private-key-file", "shared-secret-file"]

ROW = "id string, payload string"
#: Beside the admitted rows: their settings, record and counts. Without it, they are not complete.
MARKER = "_admitted.json"
#: How the command is a filter of a partition, which may be empty.
FILTER = ["--allow-empty", "--jobs", "1", "--input", "-", "--output", "-"]


class Refusal(Exception):
    """What the operator must hear, in one sentence."""


# ---- files ----------------------------------------------------------------------------------------------------------


class Files:
    """Paths of any file system that Hadoop knows."""

    def __init__(self, spark: SparkSession):
        self._spark = spark
        self._jvm = spark.sparkContext._jvm

    def _open(self, path: str):
        hadoop_path = self._jvm.org.apache.hadoop.fs.Path(path)
        return hadoop_path, hadoop_path.getFileSystem(self._spark.sparkContext._jsc.hadoopConfiguration())

    def qualified(self, path: str) -> str:
        """The whole path: a table would take another for one in its warehouse."""
        hadoop_path, system = self._open(path)
        return system.makeQualified(hadoop_path).toString()

    def exists(self, path: str) -> bool:
        hadoop_path, system = self._open(path)
        return system.exists(hadoop_path)

    def names(self, path: str) -> list[str]:
        """What is in a directory; nothing if there is none."""
        hadoop_path, system = self._open(path)
        if not system.exists(hadoop_path):
            return []
        return sorted(status.getPath().getName() for status in system.listStatus(hadoop_path))

    def is_complete(self, path: str) -> bool:
        return self.exists(f"{path}/_SUCCESS")

    def require_complete(self, option: str, path: str) -> None:
        if not self.is_complete(path):
            raise Refusal(f"--{option}: {path} is not complete: it has no _SUCCESS yet")

    def clear(self, path: str) -> None:
        """Removes what an interrupted run left of an output."""
        foreign = [name for name in self.names(path) if not name.startswith(("part-", "_", "."))]
        if foreign:
            raise Refusal(f"{path} has files that are not of an output, such as {foreign[0]}: choose another directory")
        self.delete(path)

    def delete(self, path: str) -> None:
        hadoop_path, system = self._open(path)
        system.delete(hadoop_path, True)

    def write_json(self, path: str, content: dict) -> None:
        """The file appears whole: a renamed one, where the file system has renaming."""
        hadoop_path, system = self._open(path)
        temporary, _ = self._open(f"{path}.tmp")
        stream = system.create(temporary, True)
        stream.write(bytearray(json.dumps(content, indent=2).encode()))
        stream.close()
        system.delete(hadoop_path, False)
        if not system.rename(temporary, hadoop_path):
            raise Refusal(f"cannot write {path}")

    def read_json(self, path: str) -> dict:
        hadoop_path, system = self._open(path)
        stream = system.open(hadoop_path)
        try:
            text = self._jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8")
        finally:
            stream.close()
        return json.loads(text)


def read_rows(spark: SparkSession, paths: list[str], form: str = "ndjson") -> DataFrame:
    """Rows of id and payload, as strings; nulls where a row is none."""
    if form == "parquet":
        rows = spark.read.parquet(*paths)
        payload = F.base64("payload") if dict(rows.dtypes)["payload"] == "binary" else F.col("payload")
        return rows.select(F.col("id").cast("string"), payload.alias("payload"), "_metadata")
    limited = spark.read.option("mapreduce.input.linerecordreader.line.maxlength", MAX_LINE)
    return limited.schema(ROW).json(paths).select("*", "_metadata")


# ---- the command ----------------------------------------------------------------------------------------------------


def command(options: argparse.Namespace, step: str, settings: dict, *more: str) -> list[str]:
    """The command's words for a step: no secret is among them."""
    words = [*shlex.split(options.prio), step, "--quiet"]
    for name in SETTINGS:
        if settings.get(name) is not None and (step != "publish" or name not in ("prg-key", "query-points")):
            words += [f"--{name}", str(settings[name])]
    for name in SECRETS:
        value = getattr(options, name.replace("-", "_"), None)
        if value is not None:
            words += [f"--{name}", value]
    return [*words, *more]


def pipe(words: list[str], step: str):
    """A function for mapPartitions: gives the lines of a partition to the command, and returns those that it writes."""

    def filtered(lines):
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
            failures = []

            def feed():
                try:
                    for line in lines:
                        process.stdin.write(line + b"\n")
                    process.stdin.close()
                except BrokenPipeError:
                    pass  # The command has ended. Its exit code says whether that is an error.
                except BaseException as error:  # The partition cannot be read to its end.
                    failures.append(error)
                    process.kill()

            feeder = threading.Thread(target=feed, daemon=True)
            feeder.start()
            try:
                for line in process.stdout:
                    yield line.rstrip(b"\n")
                status = process.wait()
                feeder.join()
                if failures:
                    raise failures[0]
                if status != 0:
                    errors.seek(0)
                    said = errors.read().decode(errors="replace")[-2000:].strip()
                    raise RuntimeError(f"prio {step} ended with {status}: {said}")
            finally:
                process.kill()
                process.wait()

    return filtered


def run_here(words: list[str], lines: Iterable[bytes] = ()) -> list[bytes]:
    """Runs the command on the driver, over few lines. Returns the lines that it writes."""
    result = subprocess.run(words, input=b"".join(line + b"\n" for line in lines), capture_output=True, check=False)
    if result.returncode != 0:
        raise Refusal(result.stderr.decode(errors="replace").strip())
    sys.stderr.buffer.write(result.stderr)
    return result.stdout.splitlines()


# ---- the steps ------------------------------------------------------------------------------------------------------


def admit(spark: SparkSession, files: Files, options: argparse.Namespace) -> dict:
    """Chooses the rows of a batch: one for an id, one for a packet, none that an earlier run had.

    The choice is in the keys that are written first: rows that come later are not chosen.
    """
    settings = {name: getattr(options, name.replace("-", "_")) for name in SETTINGS}
    if settings["query-points"] == "stream":
        raise Refusal("--query-points: stream needs one order of all rows; use report, or first with a peer on Spark")
    if not files.names(options.replays):
        print(f"prio_spark: a new table of replays begins in {options.replays}", file=sys.stderr)
    table = f"{files.qualified(options.replays)}/batch_id={quote(settings['batch-id'], safe='')}"
    record = f"{table}/run={quote(options.run, safe='')}"

    rows = read_rows(spark, options.input, options.format)
    parts = options.parts or max(1, rows.rdd.getNumPartitions())
    use_parts(spark, parts)
    if not files.is_complete(f"{record}/keys"):
        write_keys(spark, files, keys_of(rows), table, record)
    bind(files, record, settings)

    chosen = spark.read.parquet(f"{record}/keys")
    count = chosen.count()
    if settings["query-points"] in ("first", "batch") and count > MAX_REPORTS_AT_ONE_POINT:
        raise Refusal(f"expected at most {MAX_REPORTS_AT_ONE_POINT} reports at one query point, got {count}")
    if not files.exists(f"{options.output}/{MARKER}"):
        files.clear(options.output)
        seen, valid = Observation("seen"), Observation("valid")
        one = F.count(F.lit(1)).alias("rows")
        # Spark observes nothing where it sees that nothing is joined, and `get` would wait for ever.
        is_observed = count > 0
        admitted = (
            (keys_of(rows.observe(seen, one)).observe(valid, one) if is_observed else keys_of(rows))
            .repartition(parts, "id")
            .join(chosen.withColumnRenamed("packet", "chosen").hint("shuffle_hash"), "id")
            .where("packet = chosen")
            # Rows of one id whose packets have the same key: at most one of them opens.
            .groupBy("id")
            .agg(F.min("payload").alias("payload"))
        )
        write_buckets(admitted, files.qualified(options.output), parts)
        total = seen.get["rows"] if is_observed else rows.count()
        whole = valid.get["rows"] if is_observed else keys_of(rows).count()
        counts = {"rows": total, "malformed": total - whole, "repeated": whole - count}
        counts |= {"admitted": count, "parts": parts}
        files.write_json(f"{options.output}/{MARKER}", {"settings": settings, "record": record, "counts": counts})
    return read_marker(files, options.output)["counts"]


def keys_of(rows: DataFrame) -> DataFrame:
    """Rows with their place and the key of their packet, a digest of its header and its tag. Leaves out what is no row.

    The command takes canonical base64 alone, with or without line breaks. So texts of one packet that it takes do not
    differ in anything else.
    """
    # Of bytes, because what a string's characters are takes looking through all of it.
    is_wrapped = F.substring(F.col("payload").cast("binary"), MIME_LINE + 1, 2) == F.lit(bytearray(b"\r\n"))
    payload = F.when(is_wrapped, F.expr(r"replace(payload, '\r\n', '')")).otherwise(F.col("payload"))
    # However the files are divided among tasks, the rows of one block are in one task, in their order.
    place = F.struct("_metadata.file_path", "_metadata.file_block_start", F.monotonically_increasing_id())
    valid = rows.where("id != '' and payload != ''").select("id", payload.alias("payload"), place.alias("place"))
    text = F.col("payload").cast("binary")
    identity = F.concat(F.substring(text, 1, HEADER_CHARACTERS), F.substring(text, -TAG_CHARACTERS, TAG_CHARACTERS))
    return valid.withColumn("packet", F.unhex(F.substring(F.sha2(identity, 256), 1, 2 * KEY_BYTES)))


def write_keys(spark: SparkSession, files: Files, rows: DataFrame, table: str, record: str) -> None:
    """Chooses the reports to check: the first packet of each id, the first id of each packet, none of another run."""
    others = [f"{table}/{name}" for name in files.names(table) if f"{table}/{name}" != record]
    for other in others:
        if not files.is_complete(f"{other}/keys"):
            raise Refusal(f"{other} is not complete: finish or repeat the admission of that run first")
    files.clear(f"{record}/keys")
    of_id = rows.groupBy("id").agg(F.min_by("packet", "place").alias("packet"), F.min("place").alias("place"))
    chosen = of_id.groupBy("packet").agg(F.min_by("id", "place").alias("id"))
    if others:
        before = spark.read.parquet(*[f"{other}/keys" for other in others])
        for key in ("id", "packet"):
            chosen = chosen.join(before.select(key), key, "left_anti")
    chosen.select("id", "packet").write.parquet(f"{record}/keys")
    # Two runs that began at the same moment have not seen each other's keys.
    late = {f"{table}/{name}" for name in files.names(table)} - {record, *others}
    if late:
        files.delete(record)
        raise Refusal(f"{late.pop()} began at the same time: repeat the admission of both, one after the other")


def bind(files: Files, record: str, settings: dict) -> None:
    """Keeps what a run's packets are read as, and refuses anything else: B's packets are seeds."""
    path = f"{record}/settings.json"
    if not files.exists(path):
        files.write_json(path, {name: settings[name] for name in BINDING})
    for name, value in files.read_json(path).items():
        if settings[name] != value:
            raise Refusal(f"--{name}: {record} was admitted with {value}, got {settings[name]}")


def use_parts(spark: SparkSession, parts: int) -> None:
    """Lets rows that are in these parts by id stay there when others join them."""
    spark.conf.set("spark.sql.shuffle.partitions", parts)


def write_buckets(rows: DataFrame, path: str, parts: int) -> None:
    """Writes rows so that a later join by id need not move them."""
    table = f"prio_{uuid4().hex}"
    rows.write.format("json").bucketBy(parts, "id").option("path", path).saveAsTable(table)
    rows.sparkSession.sql(f"drop table {table}")


def read_buckets(spark: SparkSession, path: str, parts: int) -> DataFrame:
    """Reads them again."""
    table = f"prio_{uuid4().hex}"
    location = path.replace("\\", "\\\\").replace("'", "\\'")
    spark.sql(
        f"create table {table} ({ROW}) using json clustered by (id) into {int(parts)} buckets location '{location}'"
    )
    return spark.table(table)


def read_marker(files: Files, path: str) -> dict:
    """What `admit` noted of a batch."""
    if not files.exists(f"{path}/{MARKER}"):
        raise Refusal(f"--input: {path} is not an admitted batch: run admit first")
    return files.read_json(f"{path}/{MARKER}")


def read_admitted(spark: SparkSession, files: Files, path: str) -> tuple[dict, DataFrame]:
    """What `admit` noted, and the rows."""
    marker = read_marker(files, path)
    parts = marker["counts"]["parts"]
    use_parts(spark, parts)
    return marker, read_buckets(spark, files.qualified(path), parts)


def verify1(spark: SparkSession, files: Files, options: argparse.Namespace) -> dict:
    """Opens the packets, and writes the first messages."""
    marker, rows = read_admitted(spark, files, options.input)
    words = command(options, "verify1", marker["settings"], *FILTER)
    lines = rows.toJSON(use_unicode=False).mapPartitions(pipe(words, "verify1"))
    return write_lines(spark, files, options.output, lines)


def verify2(spark: SparkSession, files: Files, options: argparse.Namespace) -> dict:
    """Writes the second messages from both servers' first."""
    settings, lines = read_joined(spark, files, options, "verify2")
    words = command(options, "verify2", settings, *FILTER, "--joined")
    return write_lines(spark, files, options.output, lines.mapPartitions(pipe(words, "verify2")))


def aggregate(spark: SparkSession, files: Files, options: argparse.Namespace) -> dict:
    """Checks the proofs, and adds the valid reports up."""
    settings, lines = read_joined(spark, files, options, "aggregate")
    words = command(options, "aggregate", settings, *FILTER, "--joined")
    parts = lines.mapPartitions(pipe(words, "aggregate")).collect()
    merged = run_here([*shlex.split(options.prio), "merge", "--quiet", "--input", "-", "--output", "-"], parts)
    return write_lines(spark, files, options.output, spark.sparkContext.parallelize(merged, 1))


def read_joined(spark: SparkSession, files: Files, options: argparse.Namespace, step: str):
    """The settings of a batch, and its rows with both servers' messages, as lines.

    Which messages those are is written out first: a report is answered once, even if this step runs again after the
    other server has sent another message.
    """
    marker, rows = read_admitted(spark, files, options.input)
    answered = f"{marker['record']}/{step}"
    if not files.is_complete(answered):
        both = {"internal": options.input_internal, "external": options.input_external}
        for name, path in both.items():
            files.require_complete(f"input-{name}", path)
        files.clear(answered)
        internal, external = (
            read_rows(spark, [path]).where("id is not null").groupBy("id").agg(F.min("payload").alias(name))
            for name, path in both.items()
        )
        internal.join(external, "id", "left").write.json(answered)
    messages = spark.read.schema("id string, internal string, external string").json(answered)
    # The command counts the rows that have no messages, too.
    return marker["settings"], rows.join(messages.hint("shuffle_hash"), "id", "left").toJSON(use_unicode=False)


def write_lines(spark: SparkSession, files: Files, output: str, lines) -> dict:
    """Writes an output, unless an earlier run has."""
    if not files.is_complete(output):
        files.clear(output)
        lines.map(bytes.decode).saveAsTextFile(output)
    return {"rows": spark.sparkContext.textFile(output).count()}


def publish(spark: SparkSession, files: Files, options: argparse.Namespace) -> dict:
    """Makes the totals from both servers' aggregates."""
    settings = read_marker(files, options.input)["settings"]
    with tempfile.TemporaryDirectory() as folder:
        more = ["--output", "-"]
        for name, path in (("internal", options.input_internal), ("external", options.input_external)):
            files.require_complete(f"input-{name}", path)
            lines = spark.sparkContext.textFile(path).collect()
            Path(folder, name).write_text("".join(f"{line}\n" for line in lines))
            more += [f"--input-{name}", f"{folder}/{name}"]
        if options.min_reports is not None:
            more += ["--min-reports", options.min_reports]
        published = run_here(command(options, "publish", settings, *more))
    return write_lines(spark, files, options.output, spark.sparkContext.parallelize(published, 1))


# ---- the command line -----------------------------------------------------------------------------------------------

STEPS = {"admit": admit, "verify1": verify1, "verify2": verify2, "aggregate": aggregate, "publish": publish}


class Parser(argparse.ArgumentParser):
    """Options that may be variables of the environment, as for the command. Its errors show no value."""

    def add(self, name: str, *, required: bool = True, default: str | None = None, **more) -> None:
        variable = name.upper().replace("-", "_")
        value = os.environ.get(variable, default)
        if value is not None and value not in more.get("choices", [value]):
            self.error(f"{variable}: expected one of {', '.join(more['choices'])}")
        self.add_argument(f"--{name}", default=value, required=required and value is None, **more)

    def parse(self, arguments: list[str]) -> argparse.Namespace:
        options, unknown = self.parse_known_args(arguments)
        if unknown:
            name = unknown[0].split("=")[0]
            self.error(f"unknown option {name}" if name.startswith("-") else "unknown argument")
        return options


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = Parser(prog="prio_spark.py", description=(__doc__ or "").split("\n")[0])
    steps = parser.add_subparsers(dest="step", required=True, metavar="step")
    for name, function in STEPS.items():
        step = steps.add_parser(name, help=(function.__doc__ or "").split("\n")[0])
        step.add_argument("--output", required=True, help="a directory that this step alone writes")
        if name == "admit":
            step.add_argument("--input", required=True, nargs="+", help="this server's shares")
            step.add_argument("--format", choices=["ndjson", "parquet"], default="ndjson", help="of the shares")
            step.add_argument("--replays", required=True, help="the table of keys of this server and secret")
            step.add_argument("--run", required=True, help="the run's name in that table, such as the day")
            step.add_argument("--parts", type=int, help="how many parts the batch has from here on")
            step.add("server-id", choices=["A", "B"])
            step.add("batch-id")
            step.add("n-data", type=int)
            step.add("precision", required=False, type=int)
            step.add("prg-key", required=False, choices=["batch", "seed"])
            step.add("public-key-hex-internal")
            step.add("public-key-hex-external")
            step.add("query-points", default="report", choices=["report", "first", "batch", "stream"])
            continue
        step.add_argument("--input", required=True, help="what admit has written")
        if name != "verify1":
            step.add_argument("--input-internal", required=True, help="this server's output of the step before")
            step.add_argument("--input-external", required=True, help="the other server's")
        step.add("prio", default="prio", help="the command, on every executor and the driver")
        if name == "publish":
            step.add("min-reports", required=False, help="refuse fewer")
        else:
            step.add("private-key-file", help="on every executor")
            step.add("shared-secret-file", help="on every executor")
    return parser.parse(arguments)


def session(name: str) -> SparkSession:
    # What one server tells the other is for no client: files are for their owner alone.
    return SparkSession.builder.appName(name).config("spark.hadoop.fs.permissions.umask-mode", "077").getOrCreate()


def run(spark: SparkSession, options: argparse.Namespace) -> dict:
    """Runs one step. Raises a Refusal that says what is wrong with what was given."""
    return STEPS[options.step](spark, Files(spark), options)


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    spark = session(f"prio {options.step}")
    try:
        result = run(spark, options)
    except Refusal as refusal:
        print(f"prio_spark: error: {refusal}", file=sys.stderr)
        return 1
    finally:
        spark.stop()
    print(json.dumps({"step": options.step, **result}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
