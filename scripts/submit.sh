# Sourced by jobs/*.sh: builds what has changed, then runs one command of the job jar by spark-submit.
# With $SPARK_HOME it is that Spark's spark-submit; without, an embedded Spark of the version in pom.xml.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jar=$root/target/jobs/microgpt-spark-job.jar
embedded=$root/target/spark

# What Spark's launcher gives to the JVMs that it starts, for the one that it does not start (--no-spark).
jvm_modules=(
  --add-modules=jdk.incubator.vector
  --add-opens=java.base/{java.lang,java.lang.invoke,java.lang.reflect,java.io,java.net,java.nio,java.util}=ALL-UNNAMED
  --add-opens=java.base/{java.util.concurrent,java.util.concurrent.atomic,sun.nio.ch,sun.nio.cs}=ALL-UNNAMED
  --add-opens=java.base/{sun.security.action,sun.util.calendar}=ALL-UNNAMED
  -Djdk.reflect.useDirectMethodHandle=false
  -Dio.netty.tryReflectionSetAccessible=true
)

missing() { # what, Debian package, Homebrew package
  {
    echo "microgpt-spark needs $1. Install it with one of:"
    echo "  sudo apt-get install $2      (Debian, Ubuntu)"
    echo "  sudo dnf install $3      (Fedora, RHEL)"
    echo "  brew install $4      (macOS)"
  } >&2
  exit 1
}

find_java() {
  java=${JAVA_HOME:+$JAVA_HOME/bin/}java
  local version
  version=$("$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p;T;q') || true
  # Hadoop 3.4.2, of Spark 4.1, calls Subject.getSubject, which JDK 24 took away.
  if [ -z "$version" ] || [ "$version" -lt 17 ] || [ "$version" -ge 24 ]; then
    [ -n "$version" ] && echo "Found Java $version (${JAVA_HOME:-on the PATH})." >&2
    missing "JDK 17 to 23 (set JAVA_HOME to it if it is installed)" openjdk-17-jdk java-17-openjdk-devel openjdk@17
  fi
}

changed_since() { # file, paths...: whether one of the paths is newer than the file
  local stamp=$1
  shift
  [ ! -e "$stamp" ] || [ -n "$(find "$@" -newer "$stamp" -print -quit)" ]
}

# The options of a script, each with a value, into variables of their names (--max-tokens: max_tokens); --help prints the script's first lines.
take_options() { # the names that there are, arguments...
  local names=" $1 "
  shift
  while [ $# -gt 0 ]; do
    case $1 in --help | -h) sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" && exit 0 ;; esac
    [[ $1 == --?* && $names == *" ${1#--} "* ]] || { echo "error: unknown option $1; --help shows what there is" >&2 && exit 2; }
    [ $# -gt 1 ] || { echo "error: $1 needs a value" >&2 && exit 2; }
    local name=${1#--}
    printf -v "${name//-/_}" %s "$2"
    shift 2
  done
}

# A directory that is not there yet, for what a script keeps: made, and its absolute path printed.
new_directory() {
  [ ! -e "$1" ] || { echo "error: $1 is there already; remove it, or give another --dir" >&2 && exit 2; }
  mkdir -p "$1" && cd "$1" && pwd
}

# For scripts whose jobs write into logs: a failure is said on the terminal too.
say_failures() { # directory of the logs
  failure_logs=$1
  set -E
  trap 'echo "error: a job failed; its log is in $failure_logs" >&2' ERR
}

# Jobs of this checkout that start at once take turns, where the system has flock.
in_turn() { # command...
  mkdir -p "$root/target"
  (
    ! command -v flock >/dev/null || flock 9
    "$@"
  ) 9>"$root/target/build.lock"
}

build() {
  find_java
  in_turn build_what_changed
}

build_what_changed() {
  if changed_since "$jar" "$root/pom.xml" "$root/src/main"; then
    command -v mvn >/dev/null || missing "Maven 3.6.3 or later" maven maven maven
    if [ -n "${JAVA_HOME:-}" ] && [ ! -x "$JAVA_HOME/bin/javac" ] || { [ -z "${JAVA_HOME:-}" ] && ! command -v javac >/dev/null; }; then
      missing "a JDK, not only a Java runtime: there is no javac" openjdk-17-jdk java-17-openjdk-devel openjdk@17
    fi
    echo "Building (the first time, Maven downloads Spark and Hadoop: some 400 MB) ..." >&2
    mvn -B -ntp -q -f "$root/pom.xml" -Dmaven.test.skip -Dspotless.check.skip package >&2
    # Renamed into place: a job that runs from the old jar keeps it.
    mkdir -p "${jar%/*}"
    cp "$root/target/microgpt-spark-job.jar" "$jar.$$"
    mv -f "$jar.$$" "$jar"
  fi
  if [ -z "${SPARK_HOME:-}" ] && changed_since "$embedded/jars" "$root/target/spark-classpath.txt"; then
    rm -rf "$embedded.new"
    mkdir -p "$embedded.new/jars"
    tr ':' '\n' <"$root/target/spark-classpath.txt" | while IFS= read -r spark_jar || [ -n "$spark_jar" ]; do
      ln -sf "$spark_jar" "$embedded.new/jars/"
    done
    rm -rf "$embedded"
    mv "$embedded.new" "$embedded"
  fi
}

# Sorts the arguments: what spark-submit takes goes to it, the rest to the command.
sort_arguments() {
  spark_arguments=()
  arguments=()
  no_spark=
  local_master=yes
  while [ $# -gt 0 ]; do
    case $1 in
      --master=local* | --master=spark://127.0.0.1:* | --deploy-mode=client) spark_arguments+=("$1") ;;
      --master=*) local_master= && spark_arguments+=("$1") ;;
      --master | --deploy-mode | --conf | -c | --name | --jars | --packages | --exclude-packages | --repositories | --files | \
        --archives | --properties-file | --driver-memory | --driver-java-options | --driver-library-path | \
        --driver-class-path | --driver-cores | --executor-memory | --executor-cores | --total-executor-cores | \
        --num-executors | --proxy-user | --principal | --keytab | --queue)
        [ $# -gt 1 ] || { echo "error: $1 needs a value" >&2 && exit 2; }
        case $1=$2 in --master=local* | --master=spark://127.0.0.1:*) ;; --master=*) local_master= ;; esac
        spark_arguments+=("$1" "$2")
        shift
        ;;
      --deploy-mode=* | --conf=* | --name=* | --jars=* | --packages=* | --files=* | --archives=* | --properties-file=* | \
        --driver-*=* | --executor-*=* | --total-executor-cores=* | --num-executors=* | --proxy-user=* | --principal=* | \
        --keytab=* | --queue=* | --supervise | --verbose | --load-spark-defaults)
        spark_arguments+=("$1")
        ;;
      --no-spark) no_spark=yes && arguments+=("$1") ;;
      *) arguments+=("$1") ;;
    esac
    shift
  done
}

submit() { # command, arguments...
  local command=$1
  shift
  build
  sort_arguments "$@"
  [ "$command" = compare ] && no_spark=yes
  if [ -t 2 ]; then
    export MICROGPT_TERMINAL=1
    MICROGPT_COLUMNS=$(stty size <&2 2>/dev/null | cut -d ' ' -f 2) && export MICROGPT_COLUMNS
  fi
  # Java 17 reads its arguments in the encoding of the locale.
  case ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} in *[Uu][Tt][Ff]*8*) ;; *) export LC_ALL=C.UTF-8 ;; esac
  local home=${SPARK_HOME:-$embedded}
  if [ -z "${SPARK_HOME:-}" ]; then
    export SPARK_SCALA_VERSION=2.13 SPARK_CONF_DIR=${SPARK_CONF_DIR:-$root/conf}
    [ -n "$local_master" ] && export SPARK_LOCAL_IP=${SPARK_LOCAL_IP:-127.0.0.1}
  fi
  if [ -n "$no_spark" ]; then
    if [ ${#spark_arguments[@]} -gt 0 ]; then
      echo "error: with --no-spark there is nothing to take ${spark_arguments[*]}; leave one of the two away" >&2
      exit 2
    fi
    exec "$java" "${jvm_modules[@]}" ${MICROGPT_JAVA_OPTIONS:-} \
      -cp "$jar:${SPARK_CONF_DIR:-$home/conf}${HADOOP_CONF_DIR:+:$HADOOP_CONF_DIR}:$home/jars/*" io.microgpt.cli.Main "$command" "${arguments[@]}"
  elif [ -n "${SPARK_HOME:-}" ]; then
    exec "$SPARK_HOME/bin/spark-submit" "${spark_arguments[@]}" --class io.microgpt.cli.Main "$jar" "$command" "${arguments[@]}"
  fi
  # What bin/spark-class does: Spark's launcher prints, behind a NUL and a line feed, the command line of the JVM to run.
  export SPARK_HOME=$embedded
  local launch=() part
  while IFS= read -r -d '' part; do launch+=("$part"); done < <(
    "$java" -cp "$embedded/jars/*" org.apache.spark.launcher.Main org.apache.spark.deploy.SparkSubmit \
      "${spark_arguments[@]}" --class io.microgpt.cli.Main "$jar" "$command" "${arguments[@]}"
  )
  # An option that spark-submit does not know ends here; the launcher has said which.
  [ ${#launch[@]} -gt 1 ] || exit 2
  launch=("${launch[@]:1}")
  launch[0]=${launch[0]#$'\n'}
  exec "${launch[@]}"
}
