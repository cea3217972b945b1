#!/usr/bin/env bash
# A cluster on this machine: a Spark standalone master and workers, and HDFS, each a process of its own, on the loopback interface.
#   scripts/cluster.sh start [--workers N] [--cores C] [--memory M] [--hdfs] [--datanodes N] [--dir DIR]
#   scripts/cluster.sh status [--dir DIR]
#   scripts/cluster.sh restart NAME [--dir DIR]
#   scripts/cluster.sh stop [--dir DIR]
# --workers N    Spark workers (default 2), each with --cores C (default 1) and --memory M (default 1g) for its executors
# --hdfs         starts a NameNode and --datanodes N (default 3) as well; what they store stays in DIR from start to start
# NAME           a process that ended or was killed, as worker-1 or datanode-2: it is started again as it was, where its data are
# --dir DIR      logs, process ids and data (default target/cluster)
# start ends when all of them serve and prints what --master and paths to give to jobs/*.sh; stop ends only what start started.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/submit.sh"

patience=90 # seconds until a process serves, or has ended
daemon_jvm=(-XX:TieredStopAtLevel=1 -XX:+UseSerialGC) # many small processes on one machine: little to compile, few threads
detach=$(command -v setsid || echo nohup) # so that Ctrl-C does not reach what was started before

usage() {
  sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
}

fail() {
  echo "error: $*" >&2
  exit 2
}

options() {
  verb=${1:-}
  case $verb in
    start | status | stop) shift ;;
    restart)
      [[ ${2:-} =~ ^(worker|datanode)-[0-9]+$ ]] || fail "restart ${2:-}: the name of a worker or DataNode is needed, as worker-1"
      again=$2
      shift 2
      ;;
    --help | -h) usage && exit 0 ;;
    *) fail "${verb:+unknown command $verb; }start, status, restart or stop; --help shows what there is" ;;
  esac
  workers=2 cores=1 memory=1g hdfs= datanodes=3 dir=$root/target/cluster
  while [ $# -gt 0 ]; do
    case $1 in
      --hdfs) hdfs=yes ;;
      --help | -h) usage && exit 0 ;;
      --workers | --cores | --memory | --datanodes | --dir)
        [ $# -gt 1 ] || fail "$1 needs a value"
        printf -v "${1#--}" %s "$2"
        shift
        ;;
      *) fail "unknown option $1; --help shows what there is" ;;
    esac
    shift
  done
  local name
  for name in workers cores datanodes; do
    [[ ${!name} =~ ^[1-9][0-9]{0,3}$ ]] || fail "--$name ${!name}: must be a number from 1 up"
  done
  [[ $memory =~ ^[1-9][0-9]*[mMgG]$ ]] || fail "--memory $memory: must be a number with m or g, as 1g"
}

# A process is known by its id and the moment it began, so that another that got the same id is left alone. One that has ended and
# that nobody has waited for (Z) has ended.
began() { # pid
  ps -o stat= -o lstart= -p "$1" 2>/dev/null | awk '$1 !~ /^Z/ { $1 = ""; gsub(/ /, "_"); print }'
}

alive() { # name
  local pid moment
  read -r pid moment 2>/dev/null <"$dir/run/$1" && [ -n "$moment" ] && [ "$(began "$pid")" = "$moment" ]
}

names() {
  [ ! -d "$dir/run" ] || ls "$dir/run"
}

launch() { # name, command...
  local name=$1
  shift
  printf '%q ' "$@" >"$dir/commands/$name"
  : >"$dir/logs/$name.log"
  (cd "$dir" && exec "$detach" "$@" >>"$dir/logs/$name.log" 2>&1 </dev/null) &
  local pid=$!
  echo "$pid $(began "$pid")" >"$dir/run/$name"
}

# Waits for a line in the log of a process, and prints it.
serves() { # name, pattern, how many
  local name=$1 pattern=$2 wanted=${3:-1} waited=0 found
  while true; do
    found=$(grep -E -c "$pattern" "$dir/logs/$name.log" || true)
    [ "$found" -lt "$wanted" ] || break
    if ! alive "$name" || [ "$waited" -ge $((patience * 5)) ]; then
      {
        alive "$name" && echo "error: $name does not serve after $patience seconds; the end of $dir/logs/$name.log:" ||
          echo "error: $name has ended; the end of $dir/logs/$name.log:"
        tail -n 20 "$dir/logs/$name.log"
      } >&2
      return 1
    fi
    sleep 0.2
    waited=$((waited + 1))
  done
  grep -E "$pattern" "$dir/logs/$name.log" | tail -n 1
}

spark_daemon() { # name, host, class, arguments...
  local name=$1 host=$2 class=$3
  shift 3
  launch "$name" env SPARK_HOME="$embedded" SPARK_SCALA_VERSION=2.13 SPARK_LOCAL_IP="$host" \
    "$java" "${jvm_modules[@]}" "${daemon_jvm[@]}" -Xmx512m -Dlog4j2.configurationFile="$dir/log4j2.properties" -cp "$embedded/jars/*" "$class" --host "$host" "$@"
}

# Each worker is a host of its own, as on a cluster: Spark copies no task that is slow to a host that it runs on already. Elsewhere than on
# Linux all of 127.0.0.0/8 but the first address would have to be set up first.
worker_host() { # number
  case $(uname -s) in
    Linux) echo "127.0.0.$1" ;;
    *) echo 127.0.0.1 ;;
  esac
}

start_spark() {
  spark_daemon master 127.0.0.1 org.apache.spark.deploy.master.Master --port 0 --webui-port 0
  local line i
  line=$(serves master 'Starting Spark master at ')
  master=${line##* }
  serves master 'New state: ALIVE' >/dev/null
  for ((i = 1; i <= workers; i++)); do
    mkdir -p "$dir/worker-$i"
    spark_daemon "worker-$i" "$(worker_host "$i")" org.apache.spark.deploy.worker.Worker --webui-port 0 \
      --cores "$cores" --memory "$memory" --work-dir "$dir/worker-$i" "$master"
  done
  for ((i = 1; i <= workers; i++)); do
    serves "worker-$i" 'Successfully registered with master' >/dev/null
  done
  echo "$master" >"$dir/spark.url"
}

hdfs_daemon() { # name, class, arguments...
  local name=$1 class=$2
  shift 2
  launch "$name" "$java" "${jvm_modules[@]}" "${daemon_jvm[@]}" -Xmx256m -Dlog4j2.configurationFile="$dir/log4j2.properties" \
    -cp "$dir/hadoop:$(<"$hdfs_jar"):$embedded/jars/*" "$class" "$@"
}

configure_hdfs() {
  mkdir -p "$dir/hadoop"
  {
    echo '<configuration>'
    local property
    for property in \
      "hadoop.tmp.dir=$dir/hdfs/tmp" \
      "dfs.namenode.name.dir=file://$dir/hdfs/name" \
      "dfs.namenode.http-address=127.0.0.1:0" \
      "dfs.namenode.datanode.registration.ip-hostname-check=false" \
      "dfs.namenode.safemode.extension=0" \
      "dfs.namenode.heartbeat.recheck-interval=5000" \
      "dfs.heartbeat.interval=1" \
      "dfs.datanode.hostname=127.0.0.1" \
      "dfs.datanode.address=127.0.0.1:0" \
      "dfs.datanode.ipc.address=127.0.0.1:0" \
      "dfs.datanode.http.address=127.0.0.1:0"; do
      echo "  <property><name>${property%%=*}</name><value>${property#*=}</value></property>"
    done
    echo '</configuration>'
  } >"$dir/hadoop/hdfs-site.xml"
}

fetch_hdfs() {
  if [ ! -s "$hdfs_jar" ]; then
    command -v mvn >/dev/null || missing "Maven 3.6.3 or later, to fetch HDFS" maven maven maven
    echo "Fetching HDFS (the first time, 40 MB) ..." >&2
    mvn -B -ntp -q -f "$root/pom.xml" dependency:build-classpath -DincludeScope=test \
      -DincludeArtifactIds=hadoop-client-minicluster -Dmdep.outputFile="$hdfs_jar" >&2
  fi
}

start_hdfs() {
  hdfs_jar=$root/target/hdfs-classpath.txt
  in_turn fetch_hdfs
  configure_hdfs
  local namenode=org.apache.hadoop.hdfs.server.namenode.NameNode line i
  if [ ! -d "$dir/hdfs/name/current" ]; then
    hdfs_daemon format $namenode -Dfs.defaultFS=hdfs://127.0.0.1:0 -format -nonInteractive
    while alive format; do sleep 0.2; done
    rm -f "$dir/run/format"
    [ -d "$dir/hdfs/name/current" ] || { tail -n 20 "$dir/logs/format.log" >&2 && fail "HDFS was not formatted"; }
  fi
  hdfs_daemon namenode $namenode -Dfs.defaultFS=hdfs://127.0.0.1:0
  line=$(serves namenode 'NameNode RPC up at: ')
  hdfs_url=hdfs://127.0.0.1:${line##*:}
  hdfs_url=${hdfs_url%.}
  for ((i = 1; i <= datanodes; i++)); do
    hdfs_daemon "datanode-$i" org.apache.hadoop.hdfs.server.datanode.DataNode -Dfs.defaultFS="$hdfs_url" \
      -Ddfs.datanode.data.dir="file://$dir/hdfs/data-$i"
  done
  serves namenode 'registerDatanode: from' "$datanodes" >/dev/null
  for ((i = 1; i <= datanodes; i++)); do
    serves "datanode-$i" 'successfully registered with NN' >/dev/null
  done
  echo "$hdfs_url" >"$dir/hdfs.url"
}

start() {
  local name
  for name in $(names); do
    ! alive "$name" || fail "a cluster runs in $dir; scripts/cluster.sh stop ends it"
  done
  build
  mkdir -p "$dir/logs" "$dir/run" "$dir/commands"
  dir=$(cd "$dir" && pwd)
  rm -f "$dir"/run/* "$dir"/*.url
  cat >"$dir/log4j2.properties" <<'LOG'
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss.SSS} %p %c{1}: %m%n%ex
LOG
  trap 'stop >/dev/null' EXIT # of a start that failed, nothing stays
  start_spark
  [ -z "$hdfs" ] || start_hdfs
  trap - EXIT
  status
}

restart() {
  [ -s "$dir/commands/$again" ] && [ -e "$dir/run/$again" ] || fail "no $again was started in $dir"
  ! alive "$again" || fail "$again runs; end it first, or leave it"
  dir=$(cd "$dir" && pwd)
  mv -f "$dir/logs/$again.log" "$dir/logs/$again.before.log"
  local command
  eval "command=($(<"$dir/commands/$again"))"
  launch "$again" "${command[@]}"
  case $again in
    worker-*) serves "$again" 'Successfully registered with master' >/dev/null ;;
    *) serves "$again" 'successfully registered with NN' >/dev/null ;;
  esac
  echo "$again serves again"
}

status() {
  local name running=0 ended=0
  for name in $(names); do
    if alive "$name"; then
      running=$((running + 1))
    else
      ended=$((ended + 1))
      echo "$name has ended; its log is $dir/logs/$name.log"
    fi
  done
  if [ "$running" = 0 ]; then
    echo "no cluster runs in $dir"
    return 1
  fi
  [ ! -s "$dir/spark.url" ] || echo "--master $(<"$dir/spark.url")"
  [ ! -s "$dir/hdfs.url" ] || echo "$(<"$dir/hdfs.url")/..."
  echo "$running processes run; logs are in $dir/logs"
  [ "$ended" = 0 ]
}

stop() {
  local name pid waited stopped=0
  for name in $(names); do
    if alive "$name"; then
      read -r pid _ <"$dir/run/$name"
      kill "$pid" 2>/dev/null || true
      stopped=$((stopped + 1))
    fi
  done
  for name in $(names); do
    waited=0
    while alive "$name"; do
      read -r pid _ <"$dir/run/$name"
      [ "$waited" -lt 50 ] || kill -9 "$pid" 2>/dev/null || true
      [ "$waited" -lt 100 ] || fail "$name (process $pid) does not end, not even by kill -9; look at it, then stop again"
      sleep 0.2
      waited=$((waited + 1))
    done
    rm -f "$dir/run/$name"
  done
  rm -f "$dir/spark.url" "$dir/hdfs.url"
  echo "$stopped processes stopped"
}

options "$@"
"$verb"
