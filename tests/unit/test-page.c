/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <string.h>

#include "page.h"

static void
test_pages_are_known_by_their_beginning (void)
{
  static const struct
  {
    const char *text, *what;
  } cases[] = {
    { "<!doctype html><html><title>Making sure you're not a bot!</title>", "a web page (HTML)" },
    { "\xef\xbb\xbf\r\n <HTML lang=en>", "a web page (HTML)" },
    { "<?xml version=\"1.0\"?>\n<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0\"><html xmlns=x>", "a web page (HTML)" },
    { "<!-- a > b -->\n<!-- another --><head><meta charset=utf-8>", "a web page (HTML)" },
    { "<script>location='/login'</script>", "a web page (HTML)" },
    { "<meta http-equiv=refresh content=0>", "a web page (HTML)" },
    { "<!DOCTYPE HTML>\n<title>Directory listing for /workers</title>", "a listing of a folder (HTML)" },
    { "<html>\r\n<head><title>Index of /x/</title></head>", "a listing of a folder (HTML)" },
    { "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code>",
      "an error of a store of files (XML)" },
    { "<?xml version=\"1.0\"?><ListBucketResult xmlns=x>", "a listing of a folder (XML)" },
    { "<?xml version=\"1.0\"?><svg>", NULL },
    { "<?xml", NULL },
    { "<!-- without an end", NULL },
    { "{\"html\": \"<html>\"}", NULL },
    { "", NULL },
    { "#!/bin/sh\n", NULL },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpstr (page_describe (cases[i].text, strlen (cases[i].text)), ==, cases[i].what);
}

static void
test_what_comes_in_place_of_a_file_is_told_by_its_name (void)
{
  static const struct
  {
    const char *name, *text, *what;
  } cases[] = {
    { "x.tar.gz", "<!doctype html>", "a web page (HTML)" },
    { "x.html", "<!doctype html>", NULL },
    { "x.tar.gz", "", "nothing" },
    { "x.tar.gz", "{\"message\":\"Not Found\"}", "an answer in JSON" },
    { "x", "\xef\xbb\xbf\n{ \"error\": 1}", "an answer in JSON" },
    { "x.c", "[{\"a\":1}]", "an answer in JSON" },
    { "package.json", "{\"name\":\"x\"}", NULL },
    { "x.sh", "{ true; }", NULL },
    { "x.sh", "[ -e x ]", NULL },
    { "PKGBUILD", "[ \"$CARCH\" = x86_64 ] && x=y", NULL },
    { "PKGBUILD", "[[ $CARCH == x86_64 ]] && x=y", NULL },
    { "x.whl", "error code: 1020\n", "a text" },
    { "x.gguf", "Überall nichts: zu viele Anfragen", "a text" },
    { "x.c", "error code: 1020\n", NULL },
    { "x.zip", "PK\003\004", NULL },
    { "x.gguf", "GGUF\003", NULL },
    { "x.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:1\n",
      "a pointer of Git LFS, and not the file that it stands for" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpstr (page_describe_instead (cases[i].name, cases[i].text, strlen (cases[i].text)), ==, cases[i].what);
}

/* Of the first 512 bytes the last letter may be half. */
static void
test_text_that_is_cut_off_is_one (void)
{
  g_autofree char *most = g_strnfill (511, 'x');
  g_autofree char *text = g_strconcat (most, "ä", NULL);

  g_assert_cmpstr (page_describe_instead ("x.gz", text, strlen (text)), ==, "a text");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/page/pages-are-known-by-their-beginning", test_pages_are_known_by_their_beginning);
  g_test_add_func ("/page/what-comes-in-place-of-a-file-is-told-by-its-name",
                   test_what_comes_in_place_of_a_file_is_told_by_its_name);
  g_test_add_func ("/page/text-that-is-cut-off-is-one", test_text_that_is_cut_off_is_one);
  return g_test_run ();
}
