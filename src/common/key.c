/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "key.h"

#include "address.h"
#include "configuration.h"
#include "error.h"
#include "size.h"
#include "time-span.h"

#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

/* Absolute and without "." or "..": paths are compared and joined as text. */
static char *
read_path (const char *text)
{
  g_autofree char *path = g_canonicalize_filename (text, "/");

  return g_path_is_absolute (text) && !strstr (text, "/../") && !g_str_has_suffix (text, "/..") ?
             g_steal_pointer (&path) :
             NULL;
}

char *
key_unquote (const char *text)
{
  size_t length = strlen (text);

  if (length < 2 || !strchr ("\"'", *text) || strchr (text + 1, *text) != text + length - 1)
    return g_strdup (text);
  return g_strndup (text + 1, length - 2);
}

char **
key_list (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ";", -1);
  g_autoptr (GStrvBuilder) list = g_strv_builder_new ();

  for (char **part = parts; *part; part++)
    {
      g_autofree char *value = key_unquote (g_strstrip (*part));

      if (*value)
        g_strv_builder_add (list, value);
    }
  return g_strv_builder_end (list);
}

bool
key_is_several_variables (const char *text)
{
  return g_regex_match_simple ("[\\s,][A-Z_][A-Z0-9_]*=", text, 0, 0);
}

/* True for a list as other programs have it, of paths, which would be one path: "/a,/b", "/a:/b", "/a /b". */
static bool
is_several_paths (const char *text)
{
  return g_regex_match_simple ("[\\s,:]\\s*/", text, 0, 0);
}

static char **
read_paths (const char *text)
{
  g_auto (GStrv) parts = key_list (text);
  g_autoptr (GStrvBuilder) paths = g_strv_builder_new ();

  for (char **part = parts; *part; part++)
    {
      g_autofree char *path = read_path (*part);

      if (!path || g_str_equal (path, "/") || strpbrk (path, ",:") || is_several_paths (*part))
        return NULL;
      g_strv_builder_add (paths, path);
    }

  return *parts ? g_strv_builder_end (paths) : NULL;
}

static char **
read_steps (const char *text)
{
  static const char *const steps[] = { "prepare", "build", "check", NULL };
  g_auto (GStrv) parts = g_strsplit_set (text, "; ", -1);
  g_autoptr (GStrvBuilder) chosen = g_strv_builder_new ();

  for (char **part = parts; *part; part++)
    if (**part && !g_strv_contains (steps, *part))
      return NULL;
    else if (**part)
      g_strv_builder_add (chosen, *part);

  return g_strv_builder_end (chosen);
}

/* "https:/x" and "file://x" are addresses too, of nothing that anybody means. A @file has a path and no host. */
static bool
has_authority (const char *text, bool file)
{
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_NONE, NULL);
  const char *host = uri ? g_uri_get_host (uri) : NULL;

  if (file)
    return uri && host && !*host && *g_uri_get_path (uri) == '/';
  return host && *host;
}

static char *
read_url (const char *text)
{
  g_autofree char *scheme = g_uri_parse_scheme (text);
  static const char *const schemes[] = { "file", "http", "https", NULL };
  size_t length = strlen (text);

  if (!scheme || !g_strv_contains (schemes, scheme) || !has_authority (text, g_str_equal (scheme, "file")))
    return NULL;
  while (length > 0 && text[length - 1] == '/')
    length--;
  return g_strndup (text, length);
}

/* bubblewrap takes ids for signed numbers. */
static bool
read_uids (const char *text, uid_t *range)
{
  unsigned first, last;
  char rest;

  if (sscanf (text, "%u-%u%c", &first, &last, &rest) != 2 || first < 1000 || last < first || last > G_MAXINT32)
    return false;
  range[0] = first;
  range[1] = last;
  return true;
}

/* "80%" of the memory that is there, or a size. */
static bool
read_memory (const char *text, uint64_t *ret_size)
{
  uint64_t all = (uint64_t)sysconf (_SC_PHYS_PAGES) * (uint64_t)sysconf (_SC_PAGESIZE);
  g_autofree char *digits = NULL;
  guint64 percent;

  if (!g_str_has_suffix (text, "%"))
    return size_from_string (text, ret_size);
  digits = g_strndup (text, strlen (text) - 1);
  if (!g_ascii_string_to_unsigned (digits, 10, 1, 100, &percent, NULL))
    return false;
  *ret_size = all / 100 * percent;
  return true;
}

static bool
read_nice (const char *text, int *ret_nice)
{
  gint64 value;

  if (!g_ascii_string_to_signed (text, 10, -20, 19, &value, NULL))
    return false;
  *ret_nice = (int)value;
  return true;
}

G_STATIC_ASSERT (G_STRUCT_OFFSET (Configuration, last_uid) ==
                 G_STRUCT_OFFSET (Configuration, first_uid) + sizeof (uid_t));

/* "https://hive.example:8443": a scheme and an authority, as a browser's Origin has them. */
static char *
read_origin (const char *text)
{
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_NONE, NULL);
  g_autofree char *origin = g_ascii_strdown (text, -1);
  const char *scheme = uri ? g_uri_get_scheme (uri) : "";

  if ((!g_str_equal (scheme, "http") && !g_str_equal (scheme, "https")) || !g_uri_get_host (uri) ||
      !*g_uri_get_host (uri) || *g_uri_get_path (uri) || g_uri_get_query (uri) || g_uri_get_fragment (uri) ||
      g_uri_get_userinfo (uri) || strpbrk (text, ", \t"))
    return NULL;
  return g_steal_pointer (&origin);
}

/* A name without its port: "hive.example", "192.168.1.5", "[fe80::1]". */
static char *
read_host (const char *text)
{
  g_autofree char *origin = g_strconcat ("http://", text, NULL);
  g_autofree char *valid = read_origin (origin);
  g_autoptr (GUri) uri = valid ? g_uri_parse (valid, G_URI_FLAGS_NONE, NULL) : NULL;

  return uri && g_uri_get_port (uri) < 0 && !strpbrk (text, ", \t") ? g_ascii_strdown (text, -1) : NULL;
}

/* "127.0.0.1:7835", "[::1]:7835", "/run/rbee-hive/http.sock": numbers alone, since nothing here may ask a name server.
 */
static char *
read_listen (const char *text)
{
  g_autofree char *url = g_strconcat ("http://", text, NULL);
  g_autoptr (GUri) uri = NULL;

  if (*text == '/')
    return strlen (text) < sizeof ((struct sockaddr_un *)NULL)->sun_path && !strpbrk (text, ", \t") &&
                   !is_several_paths (text) ?
               read_path (text) :
               NULL;
  uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  if (!uri || g_uri_get_port (uri) < 0 || *g_uri_get_path (uri) || !g_hostname_is_ip_address (g_uri_get_host (uri)))
    return NULL;
  return g_strdup (text);
}

/* A list by `;` of what @read_one takes; NULL when one of them is nothing. */
static char **
read_list (const char *text, char *(*read_one) (const char *text))
{
  g_auto (GStrv) parts = key_list (text);
  g_autoptr (GStrvBuilder) list = g_strv_builder_new ();

  for (char **part = parts; *part; part++)
    {
      g_autofree char *value = read_one (*part);

      if (!value)
        return NULL;
      g_strv_builder_add (list, value);
    }
  return g_strv_builder_end (list);
}

/* A path inside packages, in which fnmatch(3) finds its characters. */
static char *
read_pattern (const char *text)
{
  return strlen (text) > 1 && !is_several_paths (text) ? read_path (text) : NULL;
}

/* NAME=VALUE, and not what a sandbox or the way to its programs depends on. */
static char *
read_variable (const char *text)
{
  static const char *const taken[] = {
    "HOME", "LOGNAME", "PATH", "SHELL", "USER", "pkgdir", "srcdir", "startdir", NULL
  };
  size_t length = strspn (text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_");
  g_autofree char *name = g_strndup (text, length);

  if (length == 0 || text[length] != '=' || g_ascii_isdigit (*text) || g_strv_contains (taken, name) ||
      g_str_has_prefix (name, "LD_") || g_str_has_prefix (name, "BASH") || key_is_several_variables (text))
    return NULL;
  return g_strdup (text);
}

/* "none", or where the proxy is. */
static char *
read_proxy (const char *text)
{
  g_autofree char *scheme = g_uri_parse_scheme (text);
  static const char *const schemes[] = { "http", "https", "socks4", "socks4a", "socks5", "socks5h", NULL };

  if (!g_str_equal (text, "none") && (!scheme || !g_strv_contains (schemes, scheme) || !has_authority (text, false)))
    return NULL;
  return g_strdup (text);
}

/* A path, or a name under which systemd finds a credential. */
static char *
read_credential (const char *text)
{
  if (*text == '/')
    return read_path (text);
  return strspn (text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._-") == strlen (text) && *text != '.' ?
             g_strdup (text) :
             NULL;
}

/* A path, or what `minisign -G` prints as the public key. */
static char *
read_signer (const char *text)
{
  static const char base64[] = G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "+/";

  if (*text == '/')
    return read_path (text);
  return g_str_has_prefix (text, "RW") && strlen (text) == 56 && strspn (text, base64) == 56 ? g_strdup (text) : NULL;
}

/* What may be left empty. */
static bool
set_optional (char **value, const char *text, char *(*read_one) (const char *text))
{
  return !*text || (*value = read_one (text)) != NULL;
}

/* "10.1.0.0/16", "private", or "127.0.0.1:8080", a port that is to be reached on this machine's loopback. */
static char *
read_address (const char *text)
{
  static const char *const loopback[] = { "127.0.0.1:", "[::1]:", "localhost:" };
  AddressRange range;

  for (size_t i = 0; i < G_N_ELEMENTS (loopback); i++)
    if (g_str_has_prefix (text, loopback[i]))
      return g_ascii_string_to_unsigned (text + strlen (loopback[i]), 10, 1, 65535, NULL, NULL) ? g_strdup (text) :
                                                                                                  NULL;
  if (g_str_equal (text, ADDRESS_ALL_PRIVATE))
    return g_strdup (text);
  return address_range_parse (text, &range) && !address_range_is_loopback (&range) ? g_strdup (text) : NULL;
}

/* A whole number of @unit, from key->min to key->max, or @infinity. */
static bool
read_time (const Key *key, const char *text, uint64_t unit, unsigned infinity, unsigned *ret_number)
{
  uint64_t usec;

  if (g_str_equal (text, "infinity"))
    {
      *ret_number = infinity;
      return infinity > 0 || key->min == 0;
    }
  if (!time_span_parse (text, unit, &usec) || usec % unit != 0 || usec / unit < key->min || usec / unit > key->max)
    return false;
  *ret_number = (unsigned)(usec / unit);
  return true;
}

bool
key_set (const Key *key, void *object, const char *text)
{
  void *value = G_STRUCT_MEMBER_P (object, key->offset);
  guint64 number;

  switch (key->kind)
    {
    case KEY_PATH:
      return (*(char **)value = read_path (text)) != NULL;
    case KEY_PATHS:
      return (*(char ***)value = read_paths (text)) != NULL;
    case KEY_PATTERNS:
      return (*(char ***)value = read_list (text, read_pattern)) != NULL;
    case KEY_URL:
      return (*(char **)value = read_url (text)) != NULL;
    case KEY_STEPS:
      return (*(char ***)value = read_steps (text)) != NULL;
    case KEY_UIDS:
      return read_uids (text, value);
    case KEY_ACCESS:
      *(bool *)value = g_str_equal (text, "owner");
      return *(bool *)value || g_str_equal (text, "everybody");
    case KEY_NICE:
      return read_nice (text, value);
    case KEY_DELAY:
      *(bool *)value = g_str_equal (text, "delay");
      return *(bool *)value || g_str_equal (text, "no");
    case KEY_MEMORY:
      return read_memory (text, value) && *(uint64_t *)value >= key->min && *(uint64_t *)value <= key->max;
    case KEY_LISTEN:
      return (*(char ***)value = read_list (text, read_listen)) != NULL;
    case KEY_ORIGIN:
      return set_optional (value, text, read_origin);
    case KEY_FILE:
      return set_optional (value, text, read_path);
    case KEY_PROXY:
      return set_optional (value, text, read_proxy);
    case KEY_CREDENTIAL:
      return set_optional (value, text, read_credential);
    case KEY_SIGNER:
      return set_optional (value, text, read_signer);
    case KEY_VARIABLES:
      return (*(char ***)value = read_list (text, read_variable)) != NULL;
    case KEY_ORIGINS:
      return (*(char ***)value = read_list (text, read_origin)) != NULL;
    case KEY_HOSTS:
      return (*(char ***)value = read_list (text, read_host)) != NULL;
    case KEY_ADDRESSES:
      return (*(char ***)value = read_list (text, read_address)) != NULL;
    case KEY_AUTHENTICATION:
      *(bool *)value = g_str_equal (text, "none");
      return *(bool *)value || g_str_equal (text, "token");
    case KEY_SECONDS:
      return read_time (key, text, TIME_SECOND, 0, value);
    case KEY_PATIENCE:
      return read_time (key, text, TIME_SECOND, G_MAXINT32, value);
    case KEY_DAYS:
      return read_time (key, text, TIME_DAY, 0, value);
    case KEY_SIZE:
      return size_from_string (text, value) && *(uint64_t *)value >= key->min && *(uint64_t *)value <= key->max;
    case KEY_NUMBER:
      if (!g_ascii_string_to_unsigned (text, 10, key->min, key->max, &number, NULL))
        return false;
      *(unsigned *)value = number;
      return true;
    default:
      g_assert_not_reached ();
    }
}

void
key_clear (const Key *key, void *object)
{
  void *value = G_STRUCT_MEMBER_P (object, key->offset);

  switch (key->kind)
    {
    case KEY_PATH:
    case KEY_URL:
    case KEY_ORIGIN:
    case KEY_FILE:
    case KEY_PROXY:
    case KEY_CREDENTIAL:
    case KEY_SIGNER:
      g_free (*(char **)value);
      break;
    case KEY_PATHS:
    case KEY_PATTERNS:
    case KEY_STEPS:
    case KEY_VARIABLES:
    case KEY_LISTEN:
    case KEY_ORIGINS:
    case KEY_HOSTS:
    case KEY_ADDRESSES:
      g_strfreev (*(char ***)value);
      break;
    default:
      break;
    }
}

/* 65536 as "64K". */
static char *
show_size (uint64_t size)
{
  static const char units[] = "\0KMGTP";
  size_t unit = 0;

  while (size > 0 && size % 1024 == 0 && unit + 2 < sizeof units)
    {
      size /= 1024;
      unit++;
    }
  return g_strdup_printf ("%" G_GUINT64_FORMAT "%.1s", size, &units[unit]);
}

/* "a size from 64K to 1M", "a time in seconds from 1 to 3600", … */
static char *
show_range (const Key *key, const char *what, bool size)
{
  g_autofree char *least = size ? show_size (key->min) : g_strdup_printf ("%" G_GUINT64_FORMAT, key->min);
  g_autofree char *most = size ? show_size (key->max) : g_strdup_printf ("%" G_GUINT64_FORMAT, key->max);

  return key->max >= INT64_MAX ? g_strdup_printf ("%s of %s or more", what, least) :
                                 g_strdup_printf ("%s from %s to %s", what, least, most);
}

/* What a key takes. */
static char *
key_describe (const Key *key)
{
  switch (key->kind)
    {
    case KEY_PATH:
    case KEY_FILE:
      return g_strdup ("an absolute path without \"..\"");
    case KEY_PATHS:
      return g_strdup ("absolute paths; between several stands a semicolon");
    case KEY_PATTERNS:
      return g_strdup ("absolute paths, also with * and ?; between several stands a semicolon");
    case KEY_URL:
      return g_strdup ("an address like https://host/path or file:///folder");
    case KEY_PROXY:
      return g_strdup ("an address like http://host:3128 or socks5://host:1080, or none");
    case KEY_SIZE:
      return show_range (key, "a size (as 64M, 1.5G)", true);
    case KEY_MEMORY:
      return show_range (key, "a percentage, or a size (as 8G)", true);
    case KEY_NUMBER:
      return show_range (key, "a number", false);
    case KEY_SECONDS:
      return show_range (key, "a time (as 90, 2min 30s) in seconds", false);
    case KEY_PATIENCE:
      return show_range (key, "infinity, or a time (as 90, 2h, 5min 20s) in seconds", false);
    case KEY_DAYS:
      return show_range (key, "infinity, or a time (as 30, 8w) in days", false);
    case KEY_STEPS:
      return g_strdup ("prepare, build, check; between several stands a semicolon");
    case KEY_VARIABLES:
      return g_strdup ("variables as NAME=VALUE; between several stands a semicolon");
    case KEY_UIDS:
      return g_strdup ("numbers of users as 61000-61183, from 1000 on");
    case KEY_ACCESS:
      return g_strdup ("everybody or owner");
    case KEY_NICE:
      return g_strdup ("a number from -20 to 19");
    case KEY_DELAY:
      return g_strdup ("delay or no");
    case KEY_LISTEN:
      return g_strdup (
          "addresses with a port (127.0.0.1:7835) and paths of sockets; between several stands a semicolon");
    case KEY_ORIGIN:
      return g_strdup ("an origin like https://hive.example");
    case KEY_ORIGINS:
      return g_strdup ("origins like https://page.example; between several stands a semicolon");
    case KEY_HOSTS:
      return g_strdup ("names of hosts without a port; between several stands a semicolon");
    case KEY_AUTHENTICATION:
      return g_strdup ("token or none");
    case KEY_CREDENTIAL:
      return g_strdup ("a path, or the name of a credential");
    case KEY_SIGNER:
      return g_strdup ("a path, or a minisign key (RW and 54 characters)");
    case KEY_ADDRESSES:
      return g_strdup ("addresses (10.1.2.3), networks (10.1.0.0/16), ports of this machine (127.0.0.1:8080) or "
                       "\"private\"; between several stands a semicolon");
    default:
      g_assert_not_reached ();
    }
}

void
key_set_no_value (const Key *key, const ConfigurationText *said, const char *section, const char *fallback,
                  GError **error)
{
  const char *text = configuration_text_get (said, section, key->name);
  g_autofree char *where = configuration_text_where (said, section, key->name);
  g_autofree char *takes = key_describe (key);

  g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
               "%s: \"%s\" is not a value for %s= in [%s] (the default is %s): it takes %s", where,
               text ? text : fallback, key->name, section, fallback && *fallback ? fallback : "none", takes);
}
