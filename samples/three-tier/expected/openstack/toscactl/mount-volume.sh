#!/bin/sh
# Mounts a Cinder volume where it is wanted, and makes a file system on it if it has none.
# Inputs: volume (its id), location (a folder). On DELETE it is unmounted.
set -eu

if [ "${deploy_action:-CREATE}" = DELETE ]; then
    sed -i "\|^[^#]* $location |d" /etc/fstab
    ! mountpoint -q "$location" || umount "$location"
    exit 0
fi

# The serial number of a virtual disk is the beginning of the volume's id.
serial=$(printf %.20s "$volume")
device=
for _ in $(seq 60); do
    for link in /dev/disk/by-id/*"$serial"*; do
        if [ -b "$link" ]; then device=$(readlink -f "$link"); break 2; fi
    done
    sleep 2
done
[ -n "$device" ] || { echo "volume $volume did not appear on this server" >&2; exit 1; }

[ -n "$(blkid -o value -s TYPE "$device")" ] || mkfs.ext4 -q "$device"
mkdir -p "$location"
if ! mountpoint -q "$location"; then
    mount "$device" "$location"
    printf 'UUID=%s %s auto defaults,nofail 0 2\n' \
        "$(blkid -o value -s UUID "$device")" "$location" >> /etc/fstab
fi
