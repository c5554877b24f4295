# SPDX-License-Identifier: LGPL-2.1-or-later
# Each line as a C string literal.
s/[\\"]/\\&/g
s/^/"/
s/$/\\n"/
