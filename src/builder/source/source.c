/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source.h"

#include <glib/gi18n.h>
#include <string.h>

#include "error.h"

#define LENGTH_MAX      8192
#define NAME_MAX_LENGTH 255
#define SHOWN_MAX       500 /* bytes of a source in a message */

/* What lies in startdir besides the sources. */
static const char *const reserved_names[] = { "PKGBUILD", "src", "pkg", "home", NULL };

static const struct
{
  const char *scheme;
  SourceKind kind;
  const char *inner; /* what the tool is given; NULL: the same */
} schemes[] = {
  { "http", SOURCE_DOWNLOAD, NULL },    { "https", SOURCE_DOWNLOAD, NULL },   { "ftp", SOURCE_DOWNLOAD, NULL },
  { "git", SOURCE_GIT, NULL },          { "git+git", SOURCE_GIT, "git" },     { "git+http", SOURCE_GIT, "http" },
  { "git+https", SOURCE_GIT, "https" }, { "git+file", SOURCE_GIT, "file" },   { "svn", SOURCE_SVN, NULL },
  { "svn+http", SOURCE_SVN, "http" },   { "svn+https", SOURCE_SVN, "https" }, { "svn+file", SOURCE_SVN, "file" },
  { "hg+http", SOURCE_HG, "http" },     { "hg+https", SOURCE_HG, "https" },   { "hg+file", SOURCE_HG, "file" },
};

/* What makepkg can fetch and the hive does not. */
static const struct
{
  const char *scheme; /* itself, or what comes before a `+` */
  const char *why;
} refused_schemes[] = {
  { "ssh", N_ ("is reached by ssh, which needs a key, and a build has none: name it by https") },
  { "git+ssh", N_ ("is reached by ssh, which needs a key, and a build has none: name it by git+https") },
  { "svn+ssh", N_ ("is reached by ssh, which needs a key, and a build has none: name it by svn+https") },
  { "hg+ssh", N_ ("is reached by ssh, which needs a key, and a build has none: name it by hg+https") },
  { "scp", N_ ("is reached by ssh, which needs a key, and a build has none: name it by https") },
  { "rsync", N_ ("is fetched by rsync, which is not supported: name it by https") },
  { "bzr", N_ ("is a Bazaar branch, which is not supported: name a release's archive instead") },
  { "fossil", N_ ("is a Fossil repository, which is not supported: name a release's archive instead") },
};

static const char *const git_refs[] = { "branch", "tag", "commit", NULL };
static const char *const svn_refs[] = { "revision", NULL };
static const char *const hg_refs[] = { "branch", "tag", "revision", NULL };

static const struct
{
  const char *name;
  const char *const *refs;
  const char *refs_text;
} repositories[] = {
  [SOURCE_GIT] = { "git", git_refs, "#branch=NAME, #tag=NAME and #commit=HASH" },
  [SOURCE_SVN] = { "svn", svn_refs, "#revision=NUMBER" },
  [SOURCE_HG] = { "hg", hg_refs, "#branch=NAME, #tag=NAME and #revision=REVISION" },
};

void
source_free (Source *source)
{
  if (!source)
    return;
  g_free (source->name);
  g_free (source->url);
  g_free (source->mirror);
  g_free (source->ref_kind);
  g_free (source->ref);
  g_free (source);
}

/* Whatever may be a password stays out of the message: what is refused may be no proper URL. */
static bool
source_refuse (const char *text, const char *why, GError **error)
{
  const char *fragment = strrchr (text, '#');
  size_t length = fragment && strchr (fragment, '=') ? (size_t)(fragment - text) : strlen (text);
  const char *at = memrchr (text, '@', length);
  const char *begin = strstr (text, "://") ? strstr (text, "://") + 3 :
                      strstr (text, "::")  ? strstr (text, "::") + 2 :
                                             text;
  g_autofree char *shown =
      at && at > begin ? g_strdup_printf ("%.*s%s", (int)(begin - text), text, at + 1) : g_strdup (text);
  g_autofree char *valid = g_utf8_make_valid (shown, MIN (strlen (shown), SHOWN_MAX));

  for (char *c = valid; *c; c++)
    if (g_ascii_iscntrl (*c))
      *c = '?';
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID, "The source \"%s\" %s", valid, why);
  return false;
}

static bool
text_has_control (const char *text)
{
  for (; *text; text++)
    if (g_ascii_iscntrl (*text))
      return true;
  return false;
}

static bool
source_check_name (const Source *source, const char *text, GError **error)
{
  const char *name = source->name;

  if (!*name || strlen (name) > NAME_MAX_LENGTH || strchr (name, '/') || g_str_equal (name, ".") ||
      g_str_equal (name, ".."))
    return source_refuse (text, "has no usable file name: it may have no / and be neither . nor ..", error);
  if (*name == '-')
    return source_refuse (text, "has a file name that begins with -", error);
  if (g_strv_contains (reserved_names, name))
    return source_refuse (text, "would take the place of a file or folder of the build's own", error);
  return true;
}

/* git-check-ref-format(1), and no option. What recipes write for a commit is mostly a hash, now and then a tag. */
static bool
git_ref_is_valid (const char *ref)
{
  return !strpbrk (ref, " ~^:?*[\\") && !strchr ("-/.", *ref) && !strstr (ref, "..") && !strstr (ref, "@{") &&
         !strstr (ref, "//") && !strstr (ref, "/.") && !g_str_has_suffix (ref, ".lock") &&
         !g_str_has_suffix (ref, "/") && !g_str_has_suffix (ref, ".") && !g_str_equal (ref, "@");
}

/* A number, a date in braces, or a word like HEAD; what mercurial takes for a name and not for an expression. */
static bool
source_ref_is_valid (const Source *source)
{
  static const char plain[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_./+@ ";

  if (!*source->ref || !g_strv_contains (repositories[source->kind].refs, source->ref_kind))
    return false;
  if (source->kind == SOURCE_GIT)
    return git_ref_is_valid (source->ref);
  if (source->kind == SOURCE_SVN)
    return g_ascii_isalnum (*source->ref) ? strspn (source->ref, plain) == strlen (source->ref) :
                                            *source->ref == '{' && !strpbrk (source->ref + 1, " {");
  return *source->ref != '-' && strspn (source->ref, plain) == strlen (source->ref);
}

/* Cuts `?signed` from @text. */
static bool
source_take_query (Source *source, char *text)
{
  char *query = source->kind == SOURCE_GIT ? strchr (text, '?') : NULL;

  if (!query)
    return true;
  source->is_signed = g_str_equal (query, "?signed");
  *query = '\0';
  return source->is_signed;
}

/* Cuts `?signed#KIND=REF`, in either order, from the URL. */
static bool
source_take_fragment (Source *source, const char *text, GError **error)
{
  g_autofree char *fragment = g_strdup (strchr (source->url, '#') ? strchr (source->url, '#') + 1 : NULL);
  char *equals;

  source->url[strcspn (source->url, "#")] = '\0';
  if (!source_take_query (source, source->url) || (fragment && !source_take_query (source, fragment)))
    return source_refuse (text, "has a query that is not ?signed", error);
  if (!fragment)
    return true;

  equals = strchr (fragment, '=');
  source->ref_kind = g_strndup (fragment, equals ? (size_t)(equals - fragment) : strlen (fragment));
  source->ref = g_strdup (equals ? equals + 1 : "");
  if (!source_ref_is_valid (source))
    {
      g_autofree char *why =
          g_strdup_printf (N_ ("has a fragment that is none of %s"), repositories[source->kind].refs_text);

      return source_refuse (text, why, error);
    }
  return true;
}

static bool
source_check_url (const Source *source, const char *text, GError **error)
{
  g_autoptr (GUri) uri = NULL;
  const char *host;

  for (const char *c = source->url; *c; c++)
    if (*c == ' ' || *c == '\\' || *c == '"')
      return source_refuse (text, "has a character that a URL must not have", error);

  uri = g_uri_parse (source->url, G_URI_FLAGS_PARSE_RELAXED | G_URI_FLAGS_ENCODED | G_URI_FLAGS_HAS_PASSWORD, NULL);
  host = uri ? g_uri_get_host (uri) : NULL;
  if (!uri)
    return source_refuse (text, "has a URL that cannot be read", error);
  if (g_str_has_prefix (source->url, "file://") ? (host && *host) || *g_uri_get_path (uri) != '/' :
                                                  !host || !*host || *host == '-')
    return source_refuse (text, "has a URL without a usable host and path", error);
  return true;
}

/* As makepkg: the last part of a download's URL, whatever that ends in; of a repository's without query and fragment,
 * and of a git one up to `.git`. */
static char *
source_default_name (const Source *source, const char *text)
{
  g_autofree char *path = g_strdup (source_is_repository (source) ? source->url : text);
  char *name, *suffix;

  if (source_is_repository (source) && g_str_has_suffix (path, "/"))
    path[strlen (path) - 1] = '\0';
  name = strrchr (path, '/') + 1;
  suffix = source->kind == SOURCE_GIT ? strstr (name, ".git") : NULL;
  return suffix ? g_strndup (name, suffix - name) : g_strdup (name);
}

static bool
source_refuse_scheme (const char *scheme, const char *text, GError **error)
{
  for (size_t i = 0; scheme && i < G_N_ELEMENTS (refused_schemes); i++)
    {
      size_t length = strlen (refused_schemes[i].scheme);

      if (g_str_has_prefix (scheme, refused_schemes[i].scheme) && (scheme[length] == '\0' || scheme[length] == '+'))
        return source_refuse (text, refused_schemes[i].why, error);
    }
  return source_refuse (
      text,
      "is not a URL of a kind that can be fetched: http, https, ftp, git+https, svn+https, hg+https and "
      "the like",
      error);
}

static bool
source_set_url (Source *source, const char *url, const char *text, GError **error)
{
  const char *end = strstr (url, "://");
  g_autofree char *scheme = end ? g_ascii_strdown (url, end - url) : NULL;
  size_t i = 0;

  while (scheme && i < G_N_ELEMENTS (schemes) && !g_str_equal (schemes[i].scheme, scheme))
    i++;
  if (!scheme || i == G_N_ELEMENTS (schemes))
    return source_refuse_scheme (scheme ? scheme : g_str_has_prefix (url, "bzr+lp:") ? "bzr" : NULL, text, error);

  source->kind = schemes[i].kind;
  source->url = g_strconcat (schemes[i].inner ? schemes[i].inner : scheme, end, NULL);
  if (source_is_repository (source) && !source_take_fragment (source, text, error))
    return false;
  return source_check_url (source, text, error);
}

const char *
source_address (const Source *source)
{
  return source->mirror ? source->mirror : source->url;
}

bool
source_is_repository (const Source *source)
{
  return source->kind >= SOURCE_GIT;
}

bool
source_is_local_repository (const Source *source)
{
  return source_is_repository (source) && g_str_has_prefix (source->url, "file://");
}

bool
source_is_signature (const Source *source)
{
  return !source_is_repository (source) &&
         (g_str_has_suffix (source->name, ".sig") || g_str_has_suffix (source->name, ".sign") ||
          g_str_has_suffix (source->name, ".asc"));
}

bool
source_is_fixed (const Source *source)
{
  size_t length = source->ref ? strlen (source->ref) : 0;

  return g_strcmp0 (source->ref_kind, "commit") == 0 && (length == 40 || length == 64) &&
         strspn (source->ref, "0123456789abcdefABCDEF") == length;
}

bool
source_is_private (const Source *source)
{
  const char *authority = source->url ? strstr (source->url, "://") : NULL;

  return authority && memchr (authority + 3, '@', strcspn (authority + 3, "/?#"));
}

char *
source_describe (const Source *source)
{
  const char *name = repositories[source->kind].name;

  return source->ref ? g_strdup_printf ("%s, %s %s", name, source->ref_kind, source->ref) : g_strdup (name);
}

Source *
source_parse (const char *text, GError **error)
{
  g_autoptr (Source) source = g_new0 (Source, 1);
  const char *separator = strstr (text, "::");

  if (strlen (text) > LENGTH_MAX)
    {
      source_refuse (text, "is longer than 8 KiB", error);
      return NULL;
    }
  if (!g_utf8_validate (text, -1, NULL))
    {
      source_refuse (text, "is not text in UTF-8", error);
      return NULL;
    }
  if (text_has_control (text))
    {
      source_refuse (text, "has control characters", error);
      return NULL;
    }

  if (separator || strstr (text, "://") || g_str_has_prefix (text, "bzr+lp:"))
    {
      if (!source_set_url (source, separator ? separator + 2 : text, text, error))
        return NULL;
      source->name = separator ? g_strndup (text, separator - text) : source_default_name (source, text);
    }
  else
    source->name = g_strdup (text);

  return source_check_name (source, text, error) ? g_steal_pointer (&source) : NULL;
}
