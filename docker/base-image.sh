#!/bin/sh
# Makes a base for the images out of Debian's packages, where no image registry answers: Debian 13 with its Python 3.13.
#
#   sudo docker/base-image.sh [TAG]        (default: cowmask-base:trixie)
#
# Needs root, debootstrap and a Docker engine. MIRROR names another mirror of Debian's.
set -eu

tag=${1:-cowmask-base:trixie}
mirror=${MIRROR:-http://deb.debian.org/debian}
folder=$(mktemp -d "${TMPDIR:-/var/tmp}/cowmask-base.XXXXXX")
trap 'rm -rf "$folder"' EXIT

debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv trixie "$folder" "$mirror"

# What belongs to this machine or can be fetched again.
rm -rf "$folder"/var/cache/apt/*.bin "$folder"/var/cache/apt/archives/*.deb "$folder"/var/lib/apt/lists/* \
  "$folder"/var/log/* "$folder"/usr/share/doc/* "$folder"/usr/share/man/* "$folder"/usr/share/locale/* \
  "$folder"/etc/resolv.conf "$folder"/etc/hostname

tar --create --numeric-owner --directory "$folder" . |
  docker import --change 'CMD ["python3"]' --change 'ENV LANG=C.UTF-8' - "$tag"
