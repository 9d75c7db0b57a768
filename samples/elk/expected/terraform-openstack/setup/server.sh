# Sets up server; made by toscactl.
set -eu
work=/var/lib/toscactl
mkdir -p -m 700 "$work" "$work/outputs"

# The volume that it has as log_data.
volume="$v1"
location=/mnt/log_data
device=
for _ in $(seq 300); do
    for link in /dev/disk/by-id/*"$(printf %.20s "$volume")"* /dev/disk/by-id/*"${volume//-/}"; do
        if [ -b "$link" ]; then device=$(readlink -f "$link"); break 2; fi
    done
    sleep 2
done
[ -n "$device" ] || { echo "volume $volume did not appear" >&2; exit 1; }
[ -n "$(blkid -o value -s TYPE "$device")" ] || mkfs.ext4 -q "$device"
mkdir -p "$location"
mountpoint -q "$location" || mount "$device" "$location"
printf 'UUID=%s %s auto defaults,nofail 0 2\n' \
    "$(blkid -o value -s UUID "$device")" "${location// /\\040}" >> /etc/fstab

# A container engine.
if ! command -v docker >/dev/null; then
    if command -v apt-get >/dev/null; then
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -q
        apt-get install -q -y docker.io
    elif command -v dnf >/dev/null; then
        dnf install -q -y docker || dnf install -q -y podman-docker
        systemctl enable --now docker || true
    else
        echo "there is no container engine, and no known way to install one" >&2
        exit 1
    fi
fi

# The container of elasticsearch.
mkdir -p /mnt/log_data/data; chmod 777 /mnt/log_data/data
docker rm --force elasticsearch >/dev/null 2>&1 || true
env \
    discovery.type=single-node \
    xpack.security.enabled=false \
    ES_JAVA_OPTS='-Xms1g -Xmx1g' \
    docker run \
    --detach \
    --name elasticsearch \
    --restart unless-stopped \
    --publish 9200:9200/tcp \
    --volume /mnt/log_data/data:/usr/share/elasticsearch/data \
    --env discovery.type \
    --env xpack.security.enabled \
    --env ES_JAVA_OPTS \
    docker.elastic.co/elasticsearch/elasticsearch:8.19.5

# The container of collector.
docker rm --force collector >/dev/null 2>&1 || true
env \
    XPACK_MONITORING_ENABLED=false \
    CONFIG_STRING="$v2" \
    docker run \
    --detach \
    --name collector \
    --restart unless-stopped \
    --publish 5000:5000/tcp \
    --env XPACK_MONITORING_ENABLED \
    --env CONFIG_STRING \
    docker.elastic.co/logstash/logstash:8.19.5

# The container of kibana.
docker rm --force kibana >/dev/null 2>&1 || true
env \
    ELASTICSEARCH_HOSTS="$v3" \
    docker run \
    --detach \
    --name kibana \
    --restart unless-stopped \
    --publish 5601:5601/tcp \
    --env ELASTICSEARCH_HOSTS \
    docker.elastic.co/kibana/kibana:8.19.5

echo "this server is set up"
