/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "error.h"
#include "fetch.h"
#include "source.h"

/* Refused, with @why in a message that any terminal may show; @hidden is not in it. */
static void
assert_is_refused (const char *text, const char *why, const char *hidden)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Source) source = source_parse (text, &error);

  if (source)
    g_test_message ("accepted: %s", text);
  g_assert_null (source);
  g_assert_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  for (const char *c = error->message; *c; c++)
    g_assert_false (g_ascii_iscntrl (*c));
  if (!strstr (error->message, why) || (hidden && strstr (error->message, hidden)))
    g_test_message ("\"%s\" gives: %s", text, error->message);
  g_assert_nonnull (strstr (error->message, why));
  if (hidden)
    g_assert_null (strstr (error->message, hidden));
}

static void
assert_all_are_refused (const char *const *texts, const char *why)
{
  for (; *texts; texts++)
    assert_is_refused (*texts, why, NULL);
}

static void
test_good_ones_are_read (void)
{
  static const struct
  {
    const char *text;
    SourceKind kind;
    const char *name, *url, *ref_kind, *ref;
  } cases[] = {
    { "fix.patch", SOURCE_LOCAL, "fix.patch", NULL, NULL, NULL },
    { ".config", SOURCE_LOCAL, ".config", NULL, NULL, NULL },
    { "a b", SOURCE_LOCAL, "a b", NULL, NULL, NULL },
    { "B\303\274cher.txt", SOURCE_LOCAL, "B\303\274cher.txt", NULL, NULL, NULL },
    { "a..b", SOURCE_LOCAL, "a..b", NULL, NULL, NULL },
    { "src.tar", SOURCE_LOCAL, "src.tar", NULL, NULL, NULL },
    { "https://example.org/a/x-1.0.tar.gz", SOURCE_DOWNLOAD, "x-1.0.tar.gz", "https://example.org/a/x-1.0.tar.gz", NULL,
      NULL },
    { "http://example.org:8080/x", SOURCE_DOWNLOAD, "x", "http://example.org:8080/x", NULL, NULL },
    { "HTTPS://example.org/x", SOURCE_DOWNLOAD, "x", "https://example.org/x", NULL, NULL },
    { "https://example.org/x?a=b&c=d", SOURCE_DOWNLOAD, "x?a=b&c=d", "https://example.org/x?a=b&c=d", NULL, NULL },
    { "https://example.org/x#part", SOURCE_DOWNLOAD, "x#part", "https://example.org/x#part", NULL, NULL },
    { "https://example.org/a%20b", SOURCE_DOWNLOAD, "a%20b", "https://example.org/a%20b", NULL, NULL },
    { "x.tar.gz::https://example.org/download?id=7", SOURCE_DOWNLOAD, "x.tar.gz", "https://example.org/download?id=7",
      NULL, NULL },
    { "x::https://example.org/", SOURCE_DOWNLOAD, "x", "https://example.org/", NULL, NULL },
    { "https://user:secret@example.org/x", SOURCE_DOWNLOAD, "x", "https://user:secret@example.org/x", NULL, NULL },
    { "git+https://example.org/worker.git", SOURCE_GIT, "worker", "https://example.org/worker.git", NULL, NULL },
    { "git+https://example.org/worker", SOURCE_GIT, "worker", "https://example.org/worker", NULL, NULL },
    { "git+https://example.org/worker.git/", SOURCE_GIT, "worker", "https://example.org/worker.git/", NULL, NULL },
    { "GIT+HTTPS://example.org/worker", SOURCE_GIT, "worker", "https://example.org/worker", NULL, NULL },
    { "git+http://example.org/worker#branch=main", SOURCE_GIT, "worker", "http://example.org/worker", "branch",
      "main" },
    { "git+https://example.org/worker#branch=feature/one-2", SOURCE_GIT, "worker", "https://example.org/worker",
      "branch", "feature/one-2" },
    { "git+https://example.org/worker#branch=a#b", SOURCE_GIT, "worker", "https://example.org/worker", "branch",
      "a#b" },
    { "git+https://example.org/worker.git#tag=v1.0", SOURCE_GIT, "worker", "https://example.org/worker.git", "tag",
      "v1.0" },
    { "git+https://example.org/worker#tag=a=b", SOURCE_GIT, "worker", "https://example.org/worker", "tag", "a=b" },
    { "git+https://example.org/worker#commit=1234abcd", SOURCE_GIT, "worker", "https://example.org/worker", "commit",
      "1234abcd" },
    { "git+https://example.org/worker#commit=ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789",
      SOURCE_GIT, "worker", "https://example.org/worker", "commit",
      "ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789" },
    { "w::git+https://example.org/worker#tag=v1", SOURCE_GIT, "w", "https://example.org/worker", "tag", "v1" },
    { "git+file:///srv/worker.git#tag=v1", SOURCE_GIT, "worker", "file:///srv/worker.git", "tag", "v1" },
    { "git+https://example.org/worker.github.io", SOURCE_GIT, "worker", "https://example.org/worker.github.io", NULL,
      NULL },
    { "git+https://example.org/worker#commit=v1.0", SOURCE_GIT, "worker", "https://example.org/worker", "commit",
      "v1.0" },
    { "git://example.org/worker.git", SOURCE_GIT, "worker", "git://example.org/worker.git", NULL, NULL },
    { "git+git://example.org/worker.git", SOURCE_GIT, "worker", "git://example.org/worker.git", NULL, NULL },
    { "ftp://example.org/x-1.0.tar.gz", SOURCE_DOWNLOAD, "x-1.0.tar.gz", "ftp://example.org/x-1.0.tar.gz", NULL, NULL },
    { "svn://example.org/worker/trunk", SOURCE_SVN, "trunk", "svn://example.org/worker/trunk", NULL, NULL },
    { "w::svn+https://example.org/worker/trunk/#revision=17", SOURCE_SVN, "w", "https://example.org/worker/trunk/",
      "revision", "17" },
    { "svn+http://example.org/w#revision=HEAD", SOURCE_SVN, "w", "http://example.org/w", "revision", "HEAD" },
    { "svn+http://example.org/w#revision={2026-11-24}", SOURCE_SVN, "w", "http://example.org/w", "revision",
      "{2026-11-24}" },
    { "hg+https://example.org/worker#branch=stable 2", SOURCE_HG, "worker", "https://example.org/worker", "branch",
      "stable 2" },
    { "hg+https://example.org/worker#tag=1.0", SOURCE_HG, "worker", "https://example.org/worker", "tag", "1.0" },
    { "hg+file:///srv/worker#revision=1a2b3c", SOURCE_HG, "worker", "file:///srv/worker", "revision", "1a2b3c" },
    { "git+file:///srv/../worker", SOURCE_GIT, "worker", "file:///srv/../worker", NULL, NULL },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (Source) source = source_parse (cases[i].text, &error);

      g_test_message ("%s", cases[i].text);
      g_assert_no_error (error);
      g_assert_nonnull (source);
      g_assert_cmpint (source->kind, ==, cases[i].kind);
      g_assert_cmpstr (source->name, ==, cases[i].name);
      g_assert_cmpstr (source->url, ==, cases[i].url);
      g_assert_cmpstr (source->ref_kind, ==, cases[i].ref_kind);
      g_assert_cmpstr (source->ref, ==, cases[i].ref);
    }
}

/* makepkg takes the first "::" for the separator too; with a name before it, all is well. */
static void
test_ipv6_host_needs_a_name (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Source) source = source_parse ("x::https://[::1]:8080/y", &error);

  g_assert_no_error (error);
  g_assert_cmpstr (source->name, ==, "x");
  g_assert_cmpstr (source->url, ==, "https://[::1]:8080/y");
}

static void
test_other_schemes_are_refused (void)
{
  static const char *const texts[] = {
    "file:///etc/passwd",
    "data://x",
    "://example.org/x",
    "x::://example.org/x",
    "git+ftp://example.org/x",
    "git+git+https://example.org/x",
    "git+://example.org/x",
    "hg://example.org/x",
    "svn+svn://example.org/x",
    " https://example.org/x",
    "x:: https://example.org/x",
    "http//://example.org/x",
    NULL,
  };

  assert_all_are_refused (texts, "is not a URL of a kind that can be fetched");
}

static void
test_remote_helpers_are_refused (void)
{
  static const char *const texts[] = {
    "ext::sh -c date",
    "ext::sh",
    "fd::17",
    "git+ext::sh -c date",
    "git+ext://sh -c date",
    "x::ext::sh -c date",
    "x::ext::https://example.org/x",
    "x::git+ext::https://example.org/x",
    "transport::address",
    "x::",
    "x::y",
    "::",
    NULL,
  };

  assert_all_are_refused (texts, "is not a URL of a kind that can be fetched");
}

/* git knows `TRANSPORT::ADDRESS` in what it is given as a URL. */
static void
test_remote_helper_never_begins_a_url (void)
{
  static const char *const texts[] = { "ext::https://example.org/x", "git+https://ext::sh/x",
                                       "x::git+https://ext::sh/x", "git+https::https://example.org/x" };

  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (Source) source = source_parse (texts[i], NULL);

      if (source && source->url)
        g_assert_true (g_str_has_prefix (source->url, "https://"));
    }
}

static void
test_option_like_name_is_refused (void)
{
  static const char *const texts[] = { "-x",
                                       "--output=x",
                                       "-",
                                       "--",
                                       "-x::https://example.org/x",
                                       "https://example.org/-x",
                                       "git+https://example.org/-x.git",
                                       "git+file:///srv/--upload-pack=x",
                                       NULL };

  assert_all_are_refused (texts, "begins with -");
}

static void
test_option_like_host_is_refused (void)
{
  static const char *const texts[] = {
    "https://-x/y",
    "https://-x:80/y",
    "https://user@-x/y",
    "git+https://-x/y",
    "git+http://-oProxyCommand=x/y",
    "https://%2dx/y",
    NULL,
  };

  assert_all_are_refused (texts, "URL");
}

static void
test_bad_url_is_refused (void)
{
  static const char *const texts[] = {
    "https://",
    "https:///x",
    "x::https://",
    "https://:80/x",
    "https://user@/x",
    "https://example.org:port/x",
    "https://example.org:99999/x",
    "https://[::1/x",
    "https://exa mple.org/x",
    "https://example.org/a b",
    "https://example.org/a\"b",
    "https://example.org\\@evil.example/x",
    "git+file://",
    "git+file://host/x",
    "git+file://./x",
    "git+file://../x",
    "git+https:///x",
    NULL,
  };

  assert_all_are_refused (texts, "The source ");
}

static void
test_name_outside_its_folder_is_refused (void)
{
  static const char *const texts[] = {
    "",
    ".",
    "..",
    "../x",
    "/etc/passwd",
    "a/b",
    "a/../../b",
    "x/",
    "../x::https://example.org/x",
    "a/b::https://example.org/x",
    "..::https://example.org/x",
    ".::https://example.org/x",
    "::https://example.org/x",
    "https://example.org/..",
    "https://example.org/a/../",
    "https://example.org/.",
    "git+https://example.org/.git",
    "git+https://example.org/..git#tag=v1",
    "git+https://example.org/...git",
    "git+file:///srv/..",
    NULL,
  };

  assert_all_are_refused (texts, "no usable file name");
}

static void
test_name_of_more_than_255_bytes_is_refused (void)
{
  g_autofree char *longest = g_strnfill (255, 'a');
  g_autofree char *too_long = g_strnfill (256, 'a');
  g_autofree char *url = g_strconcat ("https://example.org/", too_long, NULL);
  g_autoptr (Source) source = source_parse (longest, NULL);

  g_assert_nonnull (source);
  assert_is_refused (too_long, "no usable file name", NULL);
  assert_is_refused (url, "no usable file name", NULL);
}

static void
test_reserved_name_is_refused (void)
{
  static const char *const names[] = { "PKGBUILD", "src", "pkg", "home" };

  for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *named = g_strconcat (names[i], "::https://example.org/x", NULL);
      g_autofree char *download = g_strconcat ("https://example.org/", names[i], NULL);
      g_autofree char *folder = g_strconcat ("git+https://example.org/", names[i], "/", NULL);
      g_autofree char *git = g_strconcat ("git+https://example.org/", names[i], ".git", NULL);

      assert_is_refused (names[i], "build's own", NULL);
      assert_is_refused (named, "build's own", NULL);
      assert_is_refused (download, "build's own", NULL);
      assert_is_refused (folder, "build's own", NULL);
      assert_is_refused (git, "build's own", NULL);
    }
}

static void
test_control_characters_are_refused (void)
{
  static const char *const texts[] = {
    "a\nb",
    "a\tb",
    "a\033[2Jb",
    "a\177b",
    "\001",
    "a\n::https://example.org/x",
    "https://example.org/\r\nHost: evil.example",
    "https://exam\nple.org/x",
    "https://user:pass\nword@example.org/x",
    "git+https://example.org/x#tag=v1\n",
    "git+https://example.org/x#commit=1234abcd\n",
    NULL,
  };

  assert_all_are_refused (texts, "control characters");
}

static void
test_signed_is_read_on_either_side_of_the_fragment (void)
{
  static const char *const texts[] = { "git+https://example.org/x?signed", "git+https://example.org/x?signed#tag=v1",
                                       "git+https://example.org/x.git#tag=v1?signed" };

  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (Source) source = source_parse (texts[i], &error);

      g_assert_no_error (error);
      g_assert_true (source->is_signed);
      g_assert_cmpstr (source->name, ==, "x");
      g_assert_null (strchr (source->url, '?'));
      g_assert_cmpstr (source->ref, ==, i == 0 ? NULL : "v1");
    }
}

static void
test_other_queries_of_git_are_refused (void)
{
  static const char *const texts[] = { "git+https://example.org/x?token=1", "git+https://example.org/x?signed=1",
                                       "git+https://example.org/x#tag=v1?unsigned",
                                       "x::git+https://example.org/x?#commit=1234abcd", NULL };

  assert_all_are_refused (texts, "query");
}

static void
test_what_needs_a_key_or_another_tool_is_refused_by_name (void)
{
  static const char *const ssh[] = { "ssh://git@example.org/x",
                                     "git+ssh://git@example.org/x",
                                     "svn+ssh://git@example.org/x",
                                     "hg+ssh://hg@example.org/x",
                                     "x::git+ssh://git@example.org/x",
                                     "scp://example.org/x",
                                     NULL };
  static const char *const bzr[] = { "bzr+https://example.org/x", "bzr+lp:x", "x::bzr+lp:x", "bzr://example.org/x",
                                     NULL };
  static const char *const fossil[] = { "fossil+https://example.org/x", "fossil://example.org/x", NULL };
  static const char *const rsync[] = { "rsync://example.org/x", NULL };

  assert_all_are_refused (ssh, "ssh");
  assert_all_are_refused (bzr, "Bazaar");
  assert_all_are_refused (fossil, "Fossil");
  assert_all_are_refused (rsync, "rsync");
}

static void
test_fragments_of_svn_and_hg (void)
{
  static const char *const texts[] = {
    "svn+https://example.org/x#branch=a",
    "svn+https://example.org/x#revision=-1",
    "svn+https://example.org/x#revision=",
    "svn+https://example.org/x#revision={a b}",
    "hg+https://example.org/x#revision=-r1",
    "hg+https://example.org/x#revision=all()",
    "hg+https://example.org/x#commit=1a2b3c",
    "hg+https://example.org/x#tag=--config=a.b=c",
    NULL,
  };

  assert_all_are_refused (texts, "fragment");
}

static void
test_signatures_are_known_by_their_names (void)
{
  static const struct
  {
    const char *text;
    bool is_signature;
  } cases[] = { { "x.tar.gz.sig", true },
                { "x.tar.gz.sign", true },
                { "https://example.org/x.tar.xz.asc", true },
                { "x.asc::https://example.org/download?id=1", true },
                { "https://example.org/x.sig?raw=1", false },
                { "x.signed", false },
                { "git+https://example.org/x.sig", false } };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Source) source = source_parse (cases[i].text, NULL);

      g_assert_nonnull (source);
      g_assert_cmpint (source_is_signature (source), ==, cases[i].is_signature);
    }
}

static void
test_bad_fragment_is_refused (void)
{
  static const char *const fragments[] = { "", "branch", "branch=", "tag=", "commit=", "=", "=main", "main",
                                           "revision=1", "Branch=main", "branch =main",
                                           /* no option */
                                           "branch=-x", "branch=--upload-pack=x", "tag=-x", "commit=-1234",
                                           /* no commit */
                                           "commit=1234abcd^", "commit= 1234abcd", "commit=1234abcd~1", "commit=a:b",
                                           /* git-check-ref-format(1) */
                                           "branch=a..b", "branch=a b", "branch=a~1", "branch=a^", "branch=a:b",
                                           "branch=a*", "branch=a[b", "branch=a\\b", "branch=/a", "branch=a/",
                                           "branch=a//b", "branch=.a", "branch=a/.b", "branch=a.", "branch=a.lock",
                                           "branch=@", "branch=a@{1}", "tag=../x", "tag=+a:b" };

  for (size_t i = 0; i < G_N_ELEMENTS (fragments); i++)
    {
      g_autofree char *text = g_strconcat ("git+https://example.org/x#", fragments[i], NULL);

      assert_is_refused (text, "fragment", NULL);
    }
}

static void
test_passwords_are_not_in_messages (void)
{
  static const struct
  {
    const char *text, *why;
  } cases[] = {
    { "rsync://user:secret@example.org/x", "rsync://example.org/x" },
    { "git+ssh://user:secret@example.org/x", "git+ssh://example.org/x" },
    { "x::scp://user:secret@example.org/x", "x::scp://example.org/x" },
    { "https://user:secret@example.org/..", "https://example.org/.." },
    { "https://user:secret@example.org/a b", "https://example.org/a b" },
    { "https://user:secret@-x/y", "https://-x/y" },
    { "https://user:secret@/x", "https:///x" },
    { "https://secret@example.org/..", "https://example.org/.." },
    { "https://user:sec@secret@example.org/..", "https://example.org/.." },
    { "git+https://user:secret@example.org/x#branch", "git+https://example.org/x#branch" },
    { "git+https://user:secret@example.org/x?else", "git+https://example.org/x?else" },
    { "https://user:secret@example.org/x\n", "https://example.org/x?" },
    { "https://user:\nsecret@example.org/x", "https://example.org/x" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_is_refused (cases[i].text, cases[i].why, "secret");
}

/* What is no URL because of its password is the case where people see the message. */
static void
test_passwords_with_special_characters_are_not_in_messages (void)
{
  static const char *const texts[] = {
    "https://user:secret::x@example.org/y",       "https://user:x::secret@example.org/y",
    "git+https://user:secret::x@example.org/y",   "https://user:secret/x@example.org/y",
    "https://user:secret#x@example.org/y",        "https://user:secret?x@example.org/y",
    "git+https://user:secret?x@example.org/y",    "git+https://user:secret#x@example.org/y",
    "https://user:secret@example.org/x::file:/y",
  };

  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_is_refused (texts[i], "The source ", "secret");
}

static void
test_long_source_is_shown_as_utf8 (void)
{
  /* Two bytes a character: one of the two ends a cut in the middle of one. */
  for (int shift = 0; shift < 2; shift++)
    {
      g_autoptr (GString) text = g_string_new (shift ? "x" : "");

      for (int i = 0; i < 400; i++)
        g_string_append (text, "\303\274");
      assert_is_refused (text->str, "no usable file name", NULL);
    }
}

static void
test_redacted_url_has_no_user_and_password (void)
{
  static const struct
  {
    const char *url, *shown;
  } cases[] = {
    { "https://example.org/x", "https://example.org/x" },
    { "https://user:secret@example.org/x", "https://example.org/x" },
    { "https://user@example.org/x", "https://example.org/x" },
    { "https://:secret@example.org", "https://example.org" },
    { "https://user:sec@ret@example.org/x", "https://example.org/x" },
    { "https://user:secret@[::1]:80/x", "https://[::1]:80/x" },
    { "git+https://user:secret@example.org/x#tag=v1", "git+https://example.org/x#tag=v1" },
    { "https://example.org/a@b", "https://example.org/a@b" },
    { "https://example.org?a@b", "https://example.org?…" },
    { "https://example.org#a@b", "https://example.org#a@b" },
    { "https://user:secret@example.org/a@b", "https://example.org/a@b" },
    { "file:///srv/a@b", "file:///srv/a@b" },
    { "https://", "https://" },
    { "https://@", "https://" },
    { "a@b", "a@b" },
    { "", "" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *shown = fetch_redact (cases[i].url);

      g_assert_cmpstr (shown, ==, cases[i].shown);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/source/good-ones-are-read", test_good_ones_are_read);
  g_test_add_func ("/source/ipv6-host-needs-a-name", test_ipv6_host_needs_a_name);
  g_test_add_func ("/source/other-schemes-are-refused", test_other_schemes_are_refused);
  g_test_add_func ("/source/remote-helpers-are-refused", test_remote_helpers_are_refused);
  g_test_add_func ("/source/remote-helper-never-begins-a-url", test_remote_helper_never_begins_a_url);
  g_test_add_func ("/source/option-like-name-is-refused", test_option_like_name_is_refused);
  g_test_add_func ("/source/option-like-host-is-refused", test_option_like_host_is_refused);
  g_test_add_func ("/source/bad-url-is-refused", test_bad_url_is_refused);
  g_test_add_func ("/source/name-outside-its-folder-is-refused", test_name_outside_its_folder_is_refused);
  g_test_add_func ("/source/name-of-more-than-255-bytes-is-refused", test_name_of_more_than_255_bytes_is_refused);
  g_test_add_func ("/source/reserved-name-is-refused", test_reserved_name_is_refused);
  g_test_add_func ("/source/control-characters-are-refused", test_control_characters_are_refused);
  g_test_add_func ("/source/signed-is-read-on-either-side-of-the-fragment",
                   test_signed_is_read_on_either_side_of_the_fragment);
  g_test_add_func ("/source/other-queries-of-git-are-refused", test_other_queries_of_git_are_refused);
  g_test_add_func ("/source/what-needs-a-key-or-another-tool-is-refused-by-name",
                   test_what_needs_a_key_or_another_tool_is_refused_by_name);
  g_test_add_func ("/source/fragments-of-svn-and-hg", test_fragments_of_svn_and_hg);
  g_test_add_func ("/source/signatures-are-known-by-their-names", test_signatures_are_known_by_their_names);
  g_test_add_func ("/source/bad-fragment-is-refused", test_bad_fragment_is_refused);
  g_test_add_func ("/source/passwords-are-not-in-messages", test_passwords_are_not_in_messages);
  g_test_add_func ("/source/passwords-with-special-characters-are-not-in-messages",
                   test_passwords_with_special_characters_are_not_in_messages);
  g_test_add_func ("/source/long-one-is-shown-as-utf8", test_long_source_is_shown_as_utf8);
  g_test_add_func ("/fetch/redacted-url-has-no-user-and-password", test_redacted_url_has_no_user_and_password);
  return g_test_run ();
}
