/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "key-value.h"

#include <string.h>
#include <sys/un.h>

#include "address.h"
#include "cpu-level.h"

/* Absolute and without "." or "..": paths are compared and joined as text. */
char *
key_value_path (const char *text)
{
  g_autofree char *path = g_canonicalize_filename (text, "/");

  return g_path_is_absolute (text) && !strstr (text, "/../") && !g_str_has_suffix (text, "/..") ?
             g_steal_pointer (&path) :
             NULL;
}

char *
key_value_unquote (const char *text)
{
  size_t length = strlen (text);

  if (length < 2 || !strchr ("\"'", *text) || strchr (text + 1, *text) != text + length - 1)
    return g_strdup (text);
  return g_strndup (text + 1, length - 2);
}

char **
key_value_list (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ";", -1);
  g_autoptr (GStrvBuilder) list = g_strv_builder_new ();

  for (char **part = parts; *part; part++)
    {
      g_autofree char *value = key_value_unquote (g_strstrip (*part));

      if (*value)
        g_strv_builder_add (list, value);
    }
  return g_strv_builder_end (list);
}

bool
key_value_is_several_variables (const char *text)
{
  return g_regex_match_simple ("[\\s,][A-Z_][A-Z0-9_]*=", text, 0, 0);
}

/* True for a list as other programs have it, of paths, which would be one path: "/a,/b", "/a:/b", "/a /b", "/a|/b". */
static bool
is_several_paths (const char *text)
{
  return g_regex_match_simple ("[\\s,:|]\\s*/", text, 0, 0);
}

/* One where a list is taken. */
char *
key_value_folder (const char *text)
{
  return is_several_paths (text) ? NULL : key_value_path (text);
}

/* One where no list is taken: a semicolon begins a second one there, or a comment of other programs. */
char *
key_value_one_path (const char *text)
{
  return strchr (text, ';') ? NULL : key_value_folder (text);
}

char **
key_value_paths (const char *text)
{
  g_auto (GStrv) parts = key_value_list (text);
  g_autoptr (GStrvBuilder) paths = g_strv_builder_new ();

  for (char **part = parts; *part; part++)
    {
      g_autofree char *path = key_value_path (*part);

      if (!path || g_str_equal (path, "/") || strpbrk (path, ",:") || is_several_paths (*part))
        return NULL;
      g_strv_builder_add (paths, path);
    }

  return *parts ? g_strv_builder_end (paths) : NULL;
}

char **
key_value_steps (const char *text)
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

char *
key_value_url (const char *text)
{
  g_autofree char *scheme = g_uri_parse_scheme (text);
  static const char *const schemes[] = { "file", "http", "https", NULL };
  size_t length = strlen (text);

  if (!scheme || !g_strv_contains (schemes, scheme) || !has_authority (text, g_str_equal (scheme, "file")))
    return NULL;
  /* Two addresses, or a comment of other programs; a folder's name may have a blank. */
  if (g_str_equal (scheme, "file") ? strstr (text, " ;") : strpbrk (text, " \t"))
    return NULL;
  while (length > 0 && text[length - 1] == '/')
    length--;
  return g_strndup (text, length);
}

/* https://host/repository, whose name is as the OCI distribution specification has it ("Pulling manifests"). */
static char *
read_repository (const char *text)
{
  g_autofree char *url = key_value_url (text);

  return url && g_regex_match_simple ("^https?://[^/?#@]+(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$", url, 0, 0) ?
             g_steal_pointer (&url) :
             NULL;
}

/* A folder as oci:///folder, or a repository of a registry. */
char *
key_value_store (const char *text)
{
  g_autofree char *folder = g_str_has_prefix (text, "oci:///") ? key_value_path (text + strlen ("oci://")) : NULL;

  return !folder ? read_repository (text) : folder[1] ? g_strconcat ("oci://", folder, NULL) : NULL;
}

/* "https://hive.example:8443": a scheme and an authority, as a browser's Origin has them. */
char *
key_value_origin (const char *text)
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
char *
key_value_host (const char *text)
{
  g_autofree char *origin = g_strconcat ("http://", text, NULL);
  g_autofree char *valid = key_value_origin (origin);
  g_autoptr (GUri) uri = valid ? g_uri_parse (valid, G_URI_FLAGS_NONE, NULL) : NULL;

  return uri && g_uri_get_port (uri) < 0 && !strpbrk (text, ", \t") ? g_ascii_strdown (text, -1) : NULL;
}

/* "127.0.0.1:7835", "[::1]:7835", "/run/rbee-hive/http.sock": numbers alone, since nothing here may ask a name server.
 */
char *
key_value_listen (const char *text)
{
  g_autofree char *url = g_strconcat ("http://", text, NULL);
  g_autoptr (GUri) uri = NULL;

  if (*text == '/')
    return strlen (text) < sizeof ((struct sockaddr_un *)NULL)->sun_path && !strpbrk (text, ", \t") &&
                   !is_several_paths (text) ?
               key_value_path (text) :
               NULL;
  uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  if (!uri || g_uri_get_port (uri) < 0 || *g_uri_get_path (uri) || !g_hostname_is_ip_address (g_uri_get_host (uri)))
    return NULL;
  return g_strdup (text);
}

/* A path inside packages, in which fnmatch(3) finds its characters. */
char *
key_value_pattern (const char *text)
{
  return strlen (text) > 1 && !is_several_paths (text) ? key_value_path (text) : NULL;
}

/* NAME=VALUE, and not what a sandbox or the way to its programs depends on. */
char *
key_value_variable (const char *text)
{
  static const char *const taken[] = {
    "HOME", "LOGNAME", "PATH", "SHELL", "USER", "pkgdir", "srcdir", "startdir", NULL
  };
  size_t length = strspn (text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_");
  g_autofree char *name = g_strndup (text, length);

  if (length == 0 || text[length] != '=' || g_ascii_isdigit (*text) || g_strv_contains (taken, name) ||
      g_str_has_prefix (name, "LD_") || g_str_has_prefix (name, "BASH") || key_value_is_several_variables (text))
    return NULL;
  return g_strdup (text);
}

/* "none", or where the proxy is. */
char *
key_value_proxy (const char *text)
{
  g_autofree char *scheme = g_uri_parse_scheme (text);
  static const char *const schemes[] = { "http", "https", "socks4", "socks4a", "socks5", "socks5h", NULL };

  if (!g_str_equal (text, "none") && (!scheme || !g_strv_contains (schemes, scheme) || !has_authority (text, false)))
    return NULL;
  return g_strdup (text);
}

/* A path, or a name under which systemd finds a credential. */
char *
key_value_credential (const char *text)
{
  if (*text == '/')
    return key_value_path (text);
  return strspn (text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._-") == strlen (text) && *text != '.' ?
             g_strdup (text) :
             NULL;
}

/* A path, or what `minisign -G` prints as the public key. */
char *
key_value_signer (const char *text)
{
  static const char base64[] = G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "+/";

  if (*text == '/')
    return key_value_path (text);
  return g_str_has_prefix (text, "RW") && strlen (text) == 56 && strspn (text, base64) == 56 ? g_strdup (text) : NULL;
}

/* "10.1.0.0/16", "private", or "127.0.0.1:8080", a port that is to be reached on this machine's loopback. */
char *
key_value_address (const char *text)
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

char *
key_value_cpu (const char *text)
{
  return cpu_level_is_known (text) ? g_strdup (text) : NULL;
}
