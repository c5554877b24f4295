/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "checksum.h"
#include "error.h"
#include "file.h"

/* FIPS 180-4's and RFC 7693's examples, and cksum(1)'s. */
static const struct
{
  ChecksumKind kind;
  const char *text, *sum;
} known[] = {
  { CHECKSUM_CK, "", "4294967295" },
  { CHECKSUM_CK, "abc", "1219131554" },
  { CHECKSUM_MD5, "", "d41d8cd98f00b204e9800998ecf8427e" },
  { CHECKSUM_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72" },
  { CHECKSUM_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
  { CHECKSUM_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
  { CHECKSUM_SHA224, "", "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f" },
  { CHECKSUM_SHA224, "abc", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7" },
  { CHECKSUM_SHA384, "",
    "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b" },
  { CHECKSUM_SHA384, "abc",
    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7" },
  { CHECKSUM_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
  { CHECKSUM_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
  { CHECKSUM_SHA512, "",
    "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
    "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e" },
  { CHECKSUM_SHA512, "abc",
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
  { CHECKSUM_B2, "",
    "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419"
    "d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce" },
  { CHECKSUM_B2, "abc",
    "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
    "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923" },
};

static char *
sum_of (ChecksumKind kind, int fd, GError **error)
{
  bool wanted[CHECKSUM_KINDS] = { false };
  char *sums[CHECKSUM_KINDS] = { NULL };

  wanted[kind] = true;
  return checksum_of_fd (fd, wanted, sums, error) ? sums[kind] : NULL;
}

static void
test_known_sums_by_descriptor (void)
{
  for (size_t i = 0; i < G_N_ELEMENTS (known); i++)
    {
      g_auto (Fd) fd = file_memory ("text", known[i].text, strlen (known[i].text), NULL);
      g_autoptr (GError) error = NULL;
      g_autofree char *sum = sum_of (known[i].kind, fd, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (sum, ==, known[i].sum);
    }
}

static void
test_known_sums_by_text (void)
{
  for (size_t i = 0; i < G_N_ELEMENTS (known); i++)
    {
      g_autofree char *sum = NULL;

      if (known[i].kind == CHECKSUM_CK) /* of files alone */
        continue;
      sum = checksum_of_text (known[i].kind, known[i].text, strlen (known[i].text));
      g_assert_cmpstr (sum, ==, known[i].sum);
    }
}

static void
test_descriptor_is_read_from_its_beginning (void)
{
  for (size_t i = 0; i < G_N_ELEMENTS (known); i++)
    {
      g_auto (Fd) fd = file_memory ("text", known[i].text, strlen (known[i].text), NULL);
      g_autofree char *first = NULL;
      g_autofree char *second = NULL;

      g_assert_cmpint (lseek (fd, 0, SEEK_END), ==, strlen (known[i].text));
      first = sum_of (known[i].kind, fd, NULL);
      second = sum_of (known[i].kind, fd, NULL);
      g_assert_cmpstr (first, ==, known[i].sum);
      g_assert_cmpstr (second, ==, known[i].sum);
    }
}

/* More than one read; the text holds NULs. */
static void
test_large_file_has_its_whole_sum (void)
{
  static const char *const sums[] = {
    [CHECKSUM_CK] = "1375157574",
    [CHECKSUM_MD5] = "7583d758db9af5739a444af5401ec27d",
    [CHECKSUM_SHA1] = "7dee645cbca0c60c12b0c0b342255bf416259bb5",
    [CHECKSUM_SHA224] = "363942e9b2c9b1750c18fe7f1fb202b71e33ceab08fa150a6af40e27",
    [CHECKSUM_SHA384] =
        "099567fbd94ecffafd185dc8796a95aeb9fcf5c966e25652faf02d8f06bbf099599df74426464a1bbc6c7ef0d202e8a9",
    [CHECKSUM_SHA256] = "d100b2cca5c3f0968350fa1143cc2fede7542a7101e1c8d85398206ddafc364e",
    [CHECKSUM_SHA512] = "f483db857d951581b0f99aa3c9a8aa2771ea7eb2b747217b12659eeaebdbca0c"
                        "68bc54763047106e77e497dc8b251c0d55a40289aa6f9d21ff8d15ac1fa3b6a6",
    [CHECKSUM_B2] = "8568b6cb510a35f3b37bc38d64fe152618694ad7ce47603636766e969d381b65"
                    "a90008f5207a63211618b88adfa70ec43b53701dc238b82747574999ebf2bf9d",
  };
  g_autofree char *zeros = g_malloc0 (1000001);

  for (ChecksumKind kind = 0; kind < CHECKSUM_KINDS; kind++)
    {
      g_auto (Fd) fd = file_memory ("zeros", zeros, 1000001, NULL);
      g_autofree char *sum = sum_of (kind, fd, NULL);

      g_assert_cmpstr (sum, ==, sums[kind]);
    }
}

static void
test_all_kinds_in_one_reading (void)
{
  g_auto (Fd) fd = file_memory ("text", "abc", 3, NULL);
  bool wanted[CHECKSUM_KINDS];
  char *sums[CHECKSUM_KINDS] = { NULL };

  memset (wanted, true, sizeof wanted);
  g_assert_true (checksum_of_fd (fd, wanted, sums, NULL));
  for (size_t i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_str_equal (known[i].text, "abc"))
      g_assert_cmpstr (sums[known[i].kind], ==, known[i].sum);
  checksum_clear (sums);
}

static void
test_cksum_is_a_number (void)
{
  g_assert_true (checksum_is_valid (CHECKSUM_CK, "4294967295"));
  g_assert_false (checksum_is_valid (CHECKSUM_CK, "42949672950"));
  g_assert_false (checksum_is_valid (CHECKSUM_CK, ""));
  g_assert_false (checksum_is_valid (CHECKSUM_CK, "-1"));
  g_assert_false (checksum_is_valid (CHECKSUM_CK, "ff"));
}

static void
test_unreadable_descriptor_is_an_error (void)
{
  const int fds[] = { -1, open ("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), open ("/dev/null", O_PATH | O_CLOEXEC) };

  for (size_t i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      for (ChecksumKind kind = 0; kind < CHECKSUM_KINDS; kind++)
        {
          g_autoptr (GError) error = NULL;
          g_autofree char *sum = sum_of (kind, fds[i], &error);

          g_assert_null (sum);
          g_assert_error (error, HIVE_ERROR, HIVE_ERROR_FAILED);
        }
      if (fds[i] >= 0)
        close (fds[i]);
    }
}

static void
test_no_descriptor_is_left_open (void)
{
  g_auto (Fd) fd = file_memory ("text", "abc", 3, NULL);
  int before = dup (fd), after;

  close (before);
  for (ChecksumKind kind = 0; kind < CHECKSUM_KINDS; kind++)
    {
      g_autofree char *sum = sum_of (kind, fd, NULL);

      g_assert_nonnull (sum);
    }
  after = dup (fd);
  close (after);
  g_assert_cmpint (after, ==, before);
}

static void
test_names_are_those_of_the_arrays (void)
{
  g_assert_cmpstr (checksum_name (CHECKSUM_CK), ==, "ck");
  g_assert_cmpstr (checksum_name (CHECKSUM_SHA224), ==, "sha224");
  g_assert_cmpstr (checksum_name (CHECKSUM_SHA256), ==, "sha256");
  g_assert_cmpstr (checksum_name (CHECKSUM_SHA512), ==, "sha512");
  g_assert_cmpstr (checksum_name (CHECKSUM_B2), ==, "b2");
}

static void
test_sum_has_its_length_in_hexadecimal (void)
{
  static const size_t lengths[] = {
    [CHECKSUM_MD5] = 32,    [CHECKSUM_SHA1] = 40,    [CHECKSUM_SHA224] = 56, [CHECKSUM_SHA256] = 64,
    [CHECKSUM_SHA384] = 96, [CHECKSUM_SHA512] = 128, [CHECKSUM_B2] = 128
  };
  static const char *const never[] = { "", "SKIP", "skip", "0", "-", "0x00" };

  for (ChecksumKind kind = CHECKSUM_MD5; kind < CHECKSUM_KINDS; kind++)
    {
      g_autofree char *right = g_strnfill (lengths[kind], 'a');
      g_autofree char *upper = g_strnfill (lengths[kind], 'F');
      g_autofree char *shorter = g_strnfill (lengths[kind] - 1, '0');
      g_autofree char *longer = g_strnfill (lengths[kind] + 1, '0');
      g_autofree char *newline = g_strconcat (shorter, "\n", NULL);
      g_autofree char *letter = g_strconcat (shorter, "g", NULL);
      g_autofree char *space = g_strconcat (" ", shorter, NULL);

      g_assert_true (checksum_is_valid (kind, right));
      g_assert_true (checksum_is_valid (kind, upper));
      g_assert_false (checksum_is_valid (kind, shorter));
      g_assert_false (checksum_is_valid (kind, longer));
      g_assert_false (checksum_is_valid (kind, newline));
      g_assert_false (checksum_is_valid (kind, letter));
      g_assert_false (checksum_is_valid (kind, space));
      for (size_t i = 0; i < G_N_ELEMENTS (never); i++)
        g_assert_false (checksum_is_valid (kind, never[i]));
    }
  for (size_t i = 0; i < G_N_ELEMENTS (known); i++)
    g_assert_true (checksum_is_valid (known[i].kind, known[i].sum));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/checksum/known-sums-by-descriptor", test_known_sums_by_descriptor);
  g_test_add_func ("/checksum/known-sums-by-text", test_known_sums_by_text);
  g_test_add_func ("/checksum/descriptor-is-read-from-its-beginning", test_descriptor_is_read_from_its_beginning);
  g_test_add_func ("/checksum/large-file-has-its-whole-sum", test_large_file_has_its_whole_sum);
  g_test_add_func ("/checksum/all-kinds-in-one-reading", test_all_kinds_in_one_reading);
  g_test_add_func ("/checksum/cksum-is-a-number", test_cksum_is_a_number);
  g_test_add_func ("/checksum/unreadable-descriptor-is-an-error", test_unreadable_descriptor_is_an_error);
  g_test_add_func ("/checksum/no-descriptor-is-left-open", test_no_descriptor_is_left_open);
  g_test_add_func ("/checksum/names-are-those-of-the-arrays", test_names_are_those_of_the_arrays);
  g_test_add_func ("/checksum/sum-has-its-length-in-hexadecimal", test_sum_has_its_length_in_hexadecimal);
  return g_test_run ();
}
