/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* The text of a credential, without blanks around it: of the file @name where systemd put it, in a folder that only
 * this unit's user enters (systemd.exec(5), LoadCredential=), and the direct launcher did likewise; run by a person, it
 * is the file @source, if that is a path. NULL when it cannot be read. */
char *credential_read (const char *name, const char *source);

/* Whether it is a bearer token: letters, digits and -._~+/=. */
bool credential_is_token (const char *text);
