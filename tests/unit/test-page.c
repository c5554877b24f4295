/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "page.h"

#include <glib.h>
#include <string.h>

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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/page/pages-are-known-by-their-beginning", test_pages_are_known_by_their_beginning);
  return g_test_run ();
}
