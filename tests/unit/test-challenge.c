/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "challenge.h"

/* Some are of RFC 9110, 11.6.1, and of registries. */
static const struct
{
  const char *value, *scheme, *realm, *service, *scope; /* NULL: it has no such challenge */
} cases[] = {
  { "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:a/b:pull,push\"",
    "Bearer", "https://auth.docker.io/token", "registry.docker.io", "repository:a/b:pull,push" },
  { "bearer Realm = \"a\" , SERVICE=b\t,scope=\"\"", "Bearer", "a", "b", "" },
  { "Basic realm=\"simple\"", "Basic", "simple", "", "" },
  { "Basic realm=\"simple\"", "Bearer", NULL, NULL, NULL },
  { "Basic", "Basic", "", "", "" },
  { "Basic realm=\"one, Bearer realm=two\", Bearer realm=\"three\"", "Bearer", "three", "", "" },
  { "Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic realm=\"simple\"", "Basic", "simple", "",
    "" },
  { "Newauth realm=\"\\\\\\\"\"", "Newauth", "\\\"", "", "" },
  { "Negotiate, Bearer realm=\"a\"", "Bearer", "a", "", "" },
  { "Negotiate oRQwEqADCgEBoQsGCSqGSIb3EgECAg==, Bearer realm=\"a\"", "Bearer", "a", "", "" },
  { "Negotiate a/b+c=, Bearer realm=\"a\"", "Bearer", "a", "", "" },
  { "Bearer realm=\"a\", Basic realm=\"b\", service=\"c\"", "Bearer", "a", "", "" },
  { "Bearer realm=\"a\", Bearer realm=\"b\"", "Bearer", "a", "", "" },
  { ", ,Bearer realm=\"a\",,service=b,", "Bearer", "a", "b", "" },
  { "Bearer realm=\"never ends", "Bearer", "never ends", "", "" },
  { "Bearer realm=\"ends in a backslash\\", "Bearer", "ends in a backslash\\", "", "" },
  { "Bearer realm=", "Bearer", "", "", "" },
  { "Bearer2 realm=a", "Bearer", NULL, NULL, NULL },
  { "realm=\"a\"", "Bearer", NULL, NULL, NULL },
  { "", "Bearer", NULL, NULL, NULL },
  { "@@@", "Bearer", NULL, NULL, NULL },
};

static void
test_challenges (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Challenge) challenge = { 0 };
      bool found = challenge_read (cases[i].value, cases[i].scheme, &challenge);

      g_test_message ("%s", cases[i].value);
      g_assert_cmpint (found, ==, cases[i].realm != NULL);
      g_assert_cmpstr (challenge.realm, ==, cases[i].realm);
      g_assert_cmpstr (challenge.service, ==, cases[i].service);
      g_assert_cmpstr (challenge.scope, ==, cases[i].scope);
    }
}

/* Where it leads; NULL: nowhere. */
static const struct
{
  const char *realm, *service, *scope, *url;
} services[] = {
  { "https://auth.docker.io/token", "registry", "repository:a/b:pull",
    "https://auth.docker.io/token?service=registry&scope=repository:a/b:pull" },
  { "https://host/token?a=b", "the \"one\"&x=y", "", "https://host/token?a=b&service=the%20%22one%22%26x%3Dy" },
  { "http://[::1]:5000/auth", "", "", "http://[::1]:5000/auth" },
  { "HTTPS://host/", "", "", "HTTPS://host/" },
  { "", "", "", NULL },
  { "/token", "", "", NULL },
  { "host/token", "", "", NULL },
  { "https:///token", "", "", NULL },
  { "https://anna:secret@host/token", "", "", NULL },
  { "https://host/token#part", "", "", NULL },
  { "file:///etc/passwd", "", "", NULL },
  { "ftp://host/token", "", "", NULL },
  { "https://host/to ken", "", "", NULL },
  { "https://host/\r\nX: y", "", "", NULL },
};

static void
test_token_urls (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (services); i++)
    {
      const Challenge challenge = { (char *)services[i].realm, (char *)services[i].service, (char *)services[i].scope };
      g_autofree char *url = challenge_token_url (&challenge);

      g_test_message ("%s", services[i].realm);
      g_assert_cmpstr (url, ==, services[i].url);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/challenge/read", test_challenges);
  g_test_add_func ("/challenge/token-url", test_token_urls);
  return g_test_run ();
}
