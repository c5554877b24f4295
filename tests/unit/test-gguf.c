/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "gguf-child.h"

/* What a machine of the other byte order would write is not what is meant: all numbers byte by byte. */
static void
put_number (GByteArray *file, uint64_t number, size_t width)
{
  for (size_t i = 0; i < width; i++)
    g_byte_array_append (file, &(const guint8){ (guint8)(number >> (8 * i)) }, 1);
}

static void
put_text (GByteArray *file, const char *text)
{
  put_number (file, strlen (text), 8);
  g_byte_array_append (file, (const guint8 *)text, (guint)strlen (text));
}

static void
put_pair (GByteArray *file, const char *key, uint32_t number)
{
  put_text (file, key);
  put_number (file, 4, 4);
  put_number (file, number, 4);
}

/* A whole one: four pairs, and a tensor of 64 numbers of 4 bytes. */
static GByteArray *
file_new (void)
{
  GByteArray *file = g_byte_array_new ();

  g_byte_array_append (file, (const guint8 *)"GGUF", 4);
  put_number (file, 3, 4);
  put_number (file, 1, 8);
  put_number (file, 4, 8);
  put_pair (file, "llama.context_length", 4096); /* before the architecture is named */
  put_text (file, "general.architecture");
  put_number (file, 8, 4);
  put_text (file, "llama");
  put_pair (file, "general.file_type", 18);
  put_text (file, "tokenizer.ggml.tokens");
  put_number (file, 9, 4);
  put_number (file, 8, 4);
  put_number (file, 2, 8);
  put_text (file, "one");
  put_text (file, "two");
  put_text (file, "output.weight");
  put_number (file, 1, 4);
  put_number (file, 64, 8);
  put_number (file, 0, 4);
  put_number (file, 0, 8);
  while (file->len % 32 != 0)
    put_number (file, 0, 1);
  g_byte_array_set_size (file, file->len + 256);
  return file;
}

static int
file_open (const GByteArray *file, size_t size)
{
  int fd = memfd_create ("gguf", MFD_CLOEXEC);

  g_assert_cmpint (file_write_all (fd, (const char *)file->data, size), ==, 0);
  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  return fd;
}

static void
test_head_says_what_the_model_is (void)
{
  g_autoptr (GByteArray) file = file_new ();
  g_auto (Fd) fd = file_open (file, file->len);
  g_autoptr (GError) error = NULL;
  Gguf gguf;

  g_assert_true (gguf_child_read (fd, "a.gguf", &gguf, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (gguf.architecture, ==, "llama");
  g_assert_cmpstr (gguf.quantization, ==, "Q6_K");
  g_assert_cmpuint (gguf.context_length, ==, 4096);
  g_assert_cmpuint (gguf.parameters, ==, 64);
  g_assert_cmpuint (gguf.data_size, ==, 256);
}

static void
test_file_that_ends_anywhere_before_its_end_is_cut_off (void)
{
  g_autoptr (GByteArray) file = file_new ();

  for (size_t size = 0; size < file->len; size++)
    {
      g_auto (Fd) fd = file_open (file, size);
      Gguf gguf;

      g_assert_false (gguf_read (fd, size, &gguf));
      g_assert_cmpstr (gguf.problem, !=, "");
    }
}

/* A file may be cut while it is read. */
static void
test_file_that_is_shorter_than_was_said_is_cut_off (void)
{
  g_autoptr (GByteArray) file = file_new ();
  g_auto (Fd) fd = file_open (file, 100);
  Gguf gguf;

  g_assert_false (gguf_read (fd, file->len, &gguf));
  g_assert_nonnull (strstr (gguf.problem, "is cut off"));
}

static void
test_every_number_may_be_the_largest (void)
{
  g_autoptr (GByteArray) whole = file_new ();

  for (size_t at = 4; at + 8 <= whole->len - 256; at++)
    {
      g_autoptr (GByteArray) file = file_new ();
      g_auto (Fd) fd = -1;
      Gguf gguf;

      memset (file->data + at, 0xff, 8);
      fd = file_open (file, file->len);
      if (!gguf_read (fd, file->len, &gguf))
        g_assert_cmpstr (gguf.problem, !=, "");
    }
}

static void
test_reader_in_its_process_names_the_file (void)
{
  g_autoptr (GByteArray) file = file_new ();
  g_auto (Fd) fd = file_open (file, file->len - 1);
  g_autoptr (GError) error = NULL;
  Gguf gguf;

  g_assert_false (gguf_child_read (fd, "a.gguf", &gguf, &error));
  g_assert_error (error, HIVE_ERROR, HIVE_ERROR_MODEL_INVALID);
  g_assert_true (g_str_has_prefix (error->message, "a.gguf cannot be used: it is cut off: its tensors need"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gguf/head", test_head_says_what_the_model_is);
  g_test_add_func ("/gguf/cut", test_file_that_ends_anywhere_before_its_end_is_cut_off);
  g_test_add_func ("/gguf/shorter", test_file_that_is_shorter_than_was_said_is_cut_off);
  g_test_add_func ("/gguf/largest", test_every_number_may_be_the_largest);
  g_test_add_func ("/gguf/child", test_reader_in_its_process_names_the_file);
  return g_test_run ();
}
