#!/bin/sh
# Makes the certificates of the tests: an authority, servers that are right, expired and of another name, and a client.
# They open nothing: only servers of the tests, on loopback, ever show them. Dates are fixed, whatever the clock says.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
: > "$work/index"
cat > "$work/ca.conf" <<CONF
[ca]
default_ca = tests
[tests]
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = anything
copy_extensions = copy
unique_subject = no
[anything]
commonName = supplied
organizationName = optional
CONF
issue() { # name, subject, extension, last day, how it is signed...
  name=$1 subject=$2 extension=$3 last=$4
  shift 4
  openssl ecparam -name prime256v1 -genkey -noout -out "$name.key"
  openssl req -new -key "$name.key" -subj "$subject" -addext "$extension" -out "$work/$name.csr"
  openssl ca -batch -config "$work/ca.conf" -notext -startdate 20200101000000Z -enddate "$last" \
    -in "$work/$name.csr" -out "$name.pem" "$@"
}
signed="-cert ca.pem -keyfile ca.key"
issue ca "/CN=tests' authority" "basicConstraints=critical,CA:TRUE" 21200101000000Z -selfsign -keyfile ca.key
issue server "/CN=kube-apiserver" "subjectAltName=IP:127.0.0.1,DNS:kubernetes.default.svc" 21200101000000Z $signed
issue other "/CN=kube-apiserver" "subjectAltName=DNS:elsewhere.example" 21200101000000Z $signed
issue expired "/CN=kube-apiserver" "subjectAltName=IP:127.0.0.1" 20200201000000Z $signed
issue client "/O=readers/CN=sickbay" "extendedKeyUsage=clientAuth" 21200101000000Z $signed
rm ca.key
