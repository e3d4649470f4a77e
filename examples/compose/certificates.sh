#!/bin/sh
# Makes ./secrets for cluster-tls.yml: an authority, and of each server and of one client the key with its
# certificate, as PEM. `sh certificates.sh NAME…` makes those of other names.
#
# What `authority.key` signs, the servers trust: keep it elsewhere. All others have to be at hand when containers
# start, and belong to nobody but root and the servers' group (1000).
set -eu
umask 027
cd "$(dirname "$0")"
mkdir -p secrets
cd secrets

days=825
# As in cluster-tls.yml.
network=${ZOO_NETWORK:-zookeeper-tls}
new_key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'

if [ ! -e authority.pem ]; then
  # shellcheck disable=SC2086 # words
  openssl req -x509 $new_key -days $days -subj "/CN=ZooKeeper authority" \
    -keyout authority.key -out authority.pem
fi

[ $# -gt 0 ] || set -- zoo1 zoo2 zoo3 client
for name; do
  # Checked is the name that others call it by, and where it calls them what the engine says its address is called:
  # the container's name before the network's. `localhost` is for tools inside the container.
  printf 'subjectAltName = DNS:%s, DNS:*.%s, DNS:localhost\n' "$name" "$network" > "$name.ext"
  # shellcheck disable=SC2086 # words
  openssl req $new_key -subj "/CN=$name" -keyout "$name.key" -out "$name.csr"
  openssl x509 -req -in "$name.csr" -days $days -CA authority.pem -CAkey authority.key -CAcreateserial \
    -extfile "$name.ext" -out "$name.crt"
  cat "$name.key" "$name.crt" > "$name.pem"
  rm "$name.ext" "$name.csr" "$name.key" "$name.crt"
  # Compose mounts the file as it is, and the servers are user 1000.
  chgrp 1000 "$name.pem" || echo "$name.pem must be readable for group 1000: run this as root" >&2
done
chgrp 1000 authority.pem 2>/dev/null || chmod 644 authority.pem
