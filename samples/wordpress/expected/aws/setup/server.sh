# Sets up server; made by toscactl.
set -eu
work=/var/lib/toscactl
mkdir -p -m 700 "$work" "$work/outputs"

# The volume that it has as db_data.
volume="$v1"
location=/mnt/db_data
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

# The container of mysql.
mkdir -p /mnt/db_data/data; chmod 777 /mnt/db_data/data
docker rm --force mysql >/dev/null 2>&1 || true
env \
    MYSQL_DATABASE=wordpress \
    MYSQL_USER=wordpress \
    MYSQL_PASSWORD="$v2" \
    MYSQL_ROOT_PASSWORD="$v2" \
    docker run \
    --detach \
    --name mysql \
    --restart unless-stopped \
    --publish 3306:3306/tcp \
    --volume /mnt/db_data/data:/var/lib/mysql \
    --env MYSQL_DATABASE \
    --env MYSQL_USER \
    --env MYSQL_PASSWORD \
    --env MYSQL_ROOT_PASSWORD \
    docker.io/library/mysql:8.4

# The container of wordpress.
docker rm --force wordpress >/dev/null 2>&1 || true
env \
    WORDPRESS_DB_HOST="$v3" \
    WORDPRESS_DB_NAME=wordpress \
    WORDPRESS_DB_USER=wordpress \
    WORDPRESS_DB_PASSWORD="$v2" \
    WORDPRESS_TABLE_PREFIX=wp_ \
    docker run \
    --detach \
    --name wordpress \
    --restart unless-stopped \
    --publish 80:80/tcp \
    --env WORDPRESS_DB_HOST \
    --env WORDPRESS_DB_NAME \
    --env WORDPRESS_DB_USER \
    --env WORDPRESS_DB_PASSWORD \
    --env WORDPRESS_TABLE_PREFIX \
    docker.io/library/wordpress:6.8-apache

echo "this server is set up"
