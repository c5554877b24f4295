/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* What a key of hive.conf takes that is text or a list of texts. Each function gives what @text says in the form in
 * which the programs have it; NULL: it is not that. */

/* An absolute path without ".." */
char *key_value_path (const char *text);

/* The same, where a list is taken. */
char *key_value_folder (const char *text);

/* The same, where no list is taken. */
char *key_value_one_path (const char *text);

/* The same inside packages, with * and ? of fnmatch(3). */
char *key_value_pattern (const char *text);

/* "file:///folder", "https://host/path", without a slash at the end. */
char *key_value_url (const char *text);

/* "oci:///folder", or "https://host/repository" of a registry. */
char *key_value_store (const char *text);

/* "https://hive.example:8443", as a browser's Origin has it. */
char *key_value_origin (const char *text);

/* A name or an address of a host, without a port. */
char *key_value_host (const char *text);

/* "127.0.0.1:7835", or a socket's path. */
char *key_value_listen (const char *text);

/* NAME=VALUE, and not what a sandbox or the way to its programs depends on. */
char *key_value_variable (const char *text);

/* "none", or where the proxy is. */
char *key_value_proxy (const char *text);

/* A path, or a name under which systemd finds a credential. */
char *key_value_credential (const char *text);

/* A path, or what `minisign -G` prints as the public key. */
char *key_value_signer (const char *text);

/* "10.1.0.0/16", "private", or "127.0.0.1:8080", a port that is to be reached on this machine's loopback. */
char *key_value_address (const char *text);

/* One of cpu_level_names(). */
char *key_value_cpu (const char *text);

/* Paths by `;`, at least one, none of them "/". */
char **key_value_paths (const char *text);

/* Steps of a recipe that may have a network. */
char **key_value_steps (const char *text);

/* The parts of a list by `;`, without blanks and quotes around them; empty ones are left out. */
char **key_value_list (const char *text);

/* @text without the quotes in which all of it stands. */
char *key_value_unquote (const char *text);

/* True for "A=1 B=2" and "A=1,B=2", which would be one variable. */
bool key_value_is_several_variables (const char *text);
