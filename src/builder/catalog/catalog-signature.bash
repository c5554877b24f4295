# SPDX-License-Identifier: LGPL-2.1-or-later
# catalog-signature.bash CERTIFICATE SIGNATURE FILE: checks an OpenPGP signature by that certificate alone; gpgv's status lines go
# to descriptor 9. In a sandbox of its own. 127: a program is missing.
set -eu
if grep -q -- '-----BEGIN PGP PUBLIC KEY BLOCK-----' "$1"; then
    gpg --homedir /tmp --batch --no-options --dearmor <"$1" >/tmp/certificate
else
    cat "$1" >/tmp/certificate
fi
exec gpgv --homedir /tmp --keyring /tmp/certificate --status-fd 9 "$2" "$3"
