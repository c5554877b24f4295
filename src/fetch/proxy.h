/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <netdb.h>
#include <stdbool.h>

/* The addresses that @host stands for; NULL when it has none. Free with freeaddrinfo. */
struct addrinfo *proxy_resolve (const char *host, const char *port);

/* The addresses of the proxies that the environment names: struct sockaddr_storage. */
GPtrArray *proxy_list (void);

bool proxy_list_has (const GPtrArray *proxies, const struct sockaddr *address, socklen_t length);
