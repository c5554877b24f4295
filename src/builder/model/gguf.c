/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gguf.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HEAD_MAX      (UINT64_C (256) << 20) /* the largest vocabularies take some 20 MiB */
#define KEYS_MAX      65536
#define TENSORS_MAX   (1 << 20)
#define KEY_MAX       128 /* the keys that are wanted are shorter; longer ones are passed over */
#define NESTING_MAX   4
#define DIMENSIONS    4
#define ALIGNMENT     32
#define ALIGNMENT_MAX (1 << 20)

#define KEY_LEAST    (8 + 4 + 1)         /* a key's length, a type, a byte */
#define TENSOR_LEAST (8 + 4 + 8 + 4 + 8) /* a name's length, dimensions, one of them, a type, an offset */

typedef struct
{
  int fd;
  uint64_t size, at; /* of the file; how much of it was taken */
  uint64_t alignment;
  unsigned char buffer[16 * 1024];
  size_t next, filled;
  Gguf *gguf;
} GgufReader;

typedef enum
{
  VALUE_UINT8,
  VALUE_INT8,
  VALUE_UINT16,
  VALUE_INT16,
  VALUE_UINT32,
  VALUE_INT32,
  VALUE_FLOAT32,
  VALUE_BOOL,
  VALUE_STRING,
  VALUE_ARRAY,
  VALUE_UINT64,
  VALUE_INT64,
  VALUE_FLOAT64,
  VALUE_TYPES,
} ValueType;

/* 0: it has no fixed size. */
static const unsigned char value_sizes[VALUE_TYPES] = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };

/* llama_ftype in llama.h. */
static const struct
{
  unsigned char number;
  const char *name;
} file_types[] = {
  { 0, "F32" },     { 1, "F16" },     { 2, "Q4_0" },     { 3, "Q4_1" },    { 7, "Q8_0" },     { 8, "Q5_0" },
  { 9, "Q5_1" },    { 10, "Q2_K" },   { 11, "Q3_K_S" },  { 12, "Q3_K_M" }, { 13, "Q3_K_L" },  { 14, "Q4_K_S" },
  { 15, "Q4_K_M" }, { 16, "Q5_K_S" }, { 17, "Q5_K_M" },  { 18, "Q6_K" },   { 19, "IQ2_XXS" }, { 20, "IQ2_XS" },
  { 21, "Q2_K_S" }, { 22, "IQ3_XS" }, { 23, "IQ3_XXS" }, { 24, "IQ1_S" },  { 25, "IQ4_NL" },  { 26, "IQ3_S" },
  { 27, "IQ3_M" },  { 28, "IQ2_S" },  { 29, "IQ2_M" },   { 30, "IQ4_XS" }, { 31, "IQ1_M" },   { 32, "BF16" },
  { 36, "TQ1_0" },  { 37, "TQ2_0" },  { 38, "MXFP4" },
};

/* ggml_type in ggml.h: so many elements take so many bytes. */
static const struct
{
  uint16_t elements, bytes;
} tensor_types[] = {
  [0] = { 1, 4 },      [1] = { 1, 2 },      [2] = { 32, 18 },    [3] = { 32, 20 },    [6] = { 32, 22 },
  [7] = { 32, 24 },    [8] = { 32, 34 },    [9] = { 32, 36 },    [10] = { 256, 84 },  [11] = { 256, 110 },
  [12] = { 256, 144 }, [13] = { 256, 176 }, [14] = { 256, 210 }, [15] = { 256, 292 }, [16] = { 256, 66 },
  [17] = { 256, 74 },  [18] = { 256, 98 },  [19] = { 256, 50 },  [20] = { 32, 18 },   [21] = { 256, 110 },
  [22] = { 256, 82 },  [23] = { 256, 136 }, [24] = { 1, 1 },     [25] = { 1, 2 },     [26] = { 1, 4 },
  [27] = { 1, 8 },     [28] = { 1, 8 },     [29] = { 256, 56 },  [30] = { 1, 2 },     [34] = { 256, 54 },
  [35] = { 256, 66 },  [39] = { 32, 17 },
};

static bool __attribute__ ((format (printf, 2, 3))) reader_refuse (GgufReader *reader, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  vsnprintf (reader->gguf->problem, sizeof reader->gguf->problem, format, arguments);
  va_end (arguments);
  return false;
}

static bool
reader_refuse_cut (GgufReader *reader)
{
  return reader_refuse (reader, "is cut off: its head goes on where it ends, at %llu bytes",
                        (unsigned long long)reader->size);
}

/* Takes @length bytes, to @ret or (NULL) to nowhere. */
static bool
reader_take (GgufReader *reader, void *ret, uint64_t length)
{
  unsigned char *to = ret;

  if (length > reader->size - reader->at)
    return reader_refuse_cut (reader);
  if (length > HEAD_MAX - reader->at)
    return reader_refuse (reader, "has a head of more than %u MiB", (unsigned)(HEAD_MAX >> 20));
  reader->at += length;
  while (length > 0)
    {
      size_t part = reader->filled - reader->next;

      if (part == 0)
        {
          ssize_t n = read (reader->fd, reader->buffer, sizeof reader->buffer);

          if (n < 0 && errno == EINTR)
            continue;
          if (n <= 0)
            return n < 0 ? reader_refuse (reader, "cannot be read (error %d)", errno) : reader_refuse_cut (reader);
          reader->next = 0;
          reader->filled = part = (size_t)n;
        }
      if (part > length)
        part = (size_t)length;
      if (to)
        {
          memcpy (to, reader->buffer + reader->next, part);
          to += part;
        }
      reader->next += part;
      length -= part;
    }
  return true;
}

/* A little-endian number of @width bytes. */
static bool
reader_take_number (GgufReader *reader, size_t width, uint64_t *ret)
{
  unsigned char bytes[8];
  uint64_t value = 0;

  if (!reader_take (reader, bytes, width))
    return false;
  for (size_t i = width; i > 0; i--)
    value = value << 8 | bytes[i - 1];
  *ret = value;
  return true;
}

/* A string that is no longer than @ret has room for; of longer ones nothing is kept. */
static bool
reader_take_string (GgufReader *reader, char *ret, size_t room)
{
  uint64_t length;

  if (!reader_take_number (reader, 8, &length))
    return false;
  if (length >= room)
    {
      if (room > 0)
        *ret = '\0';
      return reader_take (reader, NULL, length);
    }
  ret[length] = '\0';
  return reader_take (reader, ret, length);
}

static bool
reader_check_type (GgufReader *reader, uint64_t type)
{
  return type < VALUE_TYPES || reader_refuse (reader, "has a value of the unknown type %u", (unsigned)type);
}

static bool
reader_pass_array (GgufReader *reader, unsigned nesting)
{
  uint64_t type, count;

  if (nesting >= NESTING_MAX)
    return reader_refuse (reader, "has lists in lists, deeper than %u", NESTING_MAX);
  if (!reader_take_number (reader, 4, &type) || !reader_check_type (reader, type) ||
      !reader_take_number (reader, 8, &count))
    return false;
  /* Each takes a byte at least: no loop is longer than the file. */
  if (count > reader->size - reader->at)
    return reader_refuse_cut (reader);
  if (value_sizes[type] > 0)
    return reader_take (reader, NULL, count * value_sizes[type]);
  for (uint64_t i = 0; i < count; i++)
    if (type == VALUE_STRING ? !reader_take_string (reader, NULL, 0) : !reader_pass_array (reader, nesting + 1))
      return false;
  return true;
}

/* How many heads each block has: their sum. */
static bool
reader_take_heads (GgufReader *reader)
{
  Gguf *gguf = reader->gguf;
  uint64_t type, count, heads;

  if (!reader_take_number (reader, 4, &type) || !reader_check_type (reader, type) ||
      !reader_take_number (reader, 8, &count))
    return false;
  if (count > KEYS_MAX || (type != VALUE_UINT32 && type != VALUE_INT32))
    return reader_refuse (reader, "has a list of heads that is none");
  gguf->key_value_heads = 0;
  gguf->key_value_heads_listed = true;
  for (uint64_t i = 0; i < count; i++)
    {
      if (!reader_take_number (reader, 4, &heads))
        return false;
      gguf->key_value_heads += heads;
    }
  return true;
}

static bool
type_is_integer (uint64_t type)
{
  return type <= VALUE_INT32 || type == VALUE_UINT64 || type == VALUE_INT64;
}

/* Where the number under @key goes; NULL: it is not wanted. */
static uint64_t *
gguf_member (Gguf *gguf, const char *key)
{
  static const struct
  {
    const char *name;
    size_t offset;
  } wanted[] = {
    { ".context_length", offsetof (Gguf, context_length) },
    { ".block_count", offsetof (Gguf, blocks) },
    { ".embedding_length", offsetof (Gguf, embedding_length) },
    { ".attention.head_count", offsetof (Gguf, heads) },
    { ".attention.head_count_kv", offsetof (Gguf, key_value_heads) },
    { ".attention.key_length", offsetof (Gguf, key_length) },
    { ".attention.value_length", offsetof (Gguf, value_length) },
  };
  const char *rest = strchr (key, '.');

  /* The architecture's name need not stand before its keys: what has no other owner is its. */
  if (!rest || strncmp (key, "general.", 8) == 0 || strncmp (key, "tokenizer.", 10) == 0)
    return NULL;
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
    if (strcmp (rest, wanted[i].name) == 0)
      return (uint64_t *)((char *)gguf + wanted[i].offset);
  return NULL;
}

static void
gguf_set_quantization (Gguf *gguf, uint64_t number)
{
  number &= ~UINT64_C (1024); /* "guessed" */
  for (size_t i = 0; i < sizeof file_types / sizeof *file_types; i++)
    if (file_types[i].number == number)
      snprintf (gguf->quantization, sizeof gguf->quantization, "%s", file_types[i].name);
}

static bool
reader_use_number (GgufReader *reader, const char *key, uint64_t number)
{
  Gguf *gguf = reader->gguf;
  uint64_t *member = gguf_member (gguf, key);

  if (member)
    *member = number;
  else if (strcmp (key, "general.file_type") == 0)
    gguf_set_quantization (gguf, number);
  else if (strcmp (key, "split.no") == 0)
    gguf->split = (uint32_t)number;
  else if (strcmp (key, "split.count") == 0)
    gguf->splits = (uint32_t)number;
  else if (strcmp (key, "general.alignment") == 0)
    {
      if (number == 0 || number > ALIGNMENT_MAX || number % 8 != 0)
        return reader_refuse (reader, "has the alignment %llu, which is none", (unsigned long long)number);
      reader->alignment = number;
    }
  return true;
}

static bool
reader_take_pair (GgufReader *reader)
{
  char key[KEY_MAX];
  uint64_t type, number;

  if (!reader_take_string (reader, key, sizeof key) || !reader_take_number (reader, 4, &type) ||
      !reader_check_type (reader, type))
    return false;
  if (type == VALUE_STRING && strcmp (key, "general.architecture") == 0)
    return reader_take_string (reader, reader->gguf->architecture, sizeof reader->gguf->architecture);
  if (type == VALUE_STRING)
    return reader_take_string (reader, NULL, 0);
  if (type == VALUE_ARRAY)
    return gguf_member (reader->gguf, key) == &reader->gguf->key_value_heads ? reader_take_heads (reader) :
                                                                               reader_pass_array (reader, 0);
  if (!type_is_integer (type))
    return reader_take (reader, NULL, value_sizes[type]);
  return reader_take_number (reader, value_sizes[type], &number) && reader_use_number (reader, key, number);
}

/* Bytes that a tensor of @elements takes; of a type that is new, nothing is known. */
static bool
tensor_size (uint64_t type, uint64_t elements, uint64_t *ret)
{
  uint64_t blocks;

  *ret = 0;
  if (type >= sizeof tensor_types / sizeof *tensor_types || tensor_types[type].elements == 0)
    return true;
  blocks = elements / tensor_types[type].elements + (elements % tensor_types[type].elements != 0);
  return !__builtin_mul_overflow (blocks, (uint64_t)tensor_types[type].bytes, ret);
}

/* @end: of the data, as far as tensors tell. */
static bool
reader_take_tensor (GgufReader *reader, uint64_t *end)
{
  uint64_t dimensions, dimension, type, offset, size, last, elements = 1;

  if (!reader_take_string (reader, NULL, 0) || !reader_take_number (reader, 4, &dimensions))
    return false;
  if (dimensions == 0 || dimensions > DIMENSIONS)
    return reader_refuse (reader, "has a tensor of %u dimensions", (unsigned)dimensions);
  for (uint64_t i = 0; i < dimensions; i++)
    if (!reader_take_number (reader, 8, &dimension))
      return false;
    else if (__builtin_mul_overflow (elements, dimension, &elements))
      return reader_refuse (reader, "claims a tensor that is larger than any machine");
  if (!reader_take_number (reader, 4, &type) || !reader_take_number (reader, 8, &offset))
    return false;
  if (!tensor_size (type, elements, &size) || __builtin_add_overflow (offset, size, &last) ||
      __builtin_add_overflow (reader->gguf->parameters, elements, &reader->gguf->parameters))
    return reader_refuse (reader, "claims a tensor that is larger than any machine");
  if (offset % reader->alignment != 0)
    return reader_refuse (reader, "has a tensor at an offset that is not aligned");
  if (last > *end)
    *end = last;
  return true;
}

static bool
reader_take_tensors (GgufReader *reader)
{
  Gguf *gguf = reader->gguf;
  uint64_t end = 0, start, whole;

  for (uint64_t i = 0; i < gguf->tensors; i++)
    if (!reader_take_tensor (reader, &end))
      return false;
  start = (reader->at + reader->alignment - 1) / reader->alignment * reader->alignment;
  if (__builtin_add_overflow (start, end, &whole) || (end > 0 && whole > reader->size))
    return reader_refuse (reader, "is cut off: its tensors need %llu bytes, and it has %llu", (unsigned long long)whole,
                          (unsigned long long)reader->size);
  gguf->data_size = end;
  return true;
}

/* Counts are believed no further than the file has bytes for. */
static bool
reader_take_counts (GgufReader *reader, uint64_t *ret_keys)
{
  Gguf *gguf = reader->gguf;
  uint64_t left;

  if (!reader_take_number (reader, 8, &gguf->tensors) || !reader_take_number (reader, 8, ret_keys))
    return false;
  left = reader->size - reader->at;
  if (gguf->tensors > TENSORS_MAX || *ret_keys > KEYS_MAX || gguf->tensors > left / TENSOR_LEAST ||
      *ret_keys > left / KEY_LEAST)
    return reader_refuse (reader, "claims %llu tensors and %llu keys, for which it is too small, at %llu bytes",
                          (unsigned long long)gguf->tensors, (unsigned long long)*ret_keys,
                          (unsigned long long)reader->size);
  return true;
}

static bool
reader_take_head (GgufReader *reader, uint64_t *ret_keys)
{
  char magic[4];
  uint64_t version;

  if (reader->size < sizeof magic + 4 + 8 + 8 || !reader_take (reader, magic, sizeof magic) ||
      memcmp (magic, "GGUF", sizeof magic) != 0)
    return reader_refuse (reader, "is not a GGUF file: it does not begin as one");
  if (!reader_take_number (reader, 4, &version))
    return false;
  if (version > UINT16_MAX && version % (UINT16_MAX + 1) == 0)
    return reader_refuse (reader, "is a GGUF file for big-endian machines");
  if (version != 2 && version != 3)
    return reader_refuse (reader, "is a GGUF file of version %u; those of 2 and 3 are known", (unsigned)version);
  reader->gguf->version = (uint32_t)version;
  return reader_take_counts (reader, ret_keys);
}

bool
gguf_read (int fd, uint64_t size, Gguf *ret)
{
  GgufReader reader = { .fd = fd, .size = size, .alignment = ALIGNMENT, .gguf = ret };
  uint64_t keys = 0;

  memset (ret, 0, sizeof *ret);
  if (!reader_take_head (&reader, &keys))
    return false;
  for (uint64_t i = 0; i < keys; i++)
    if (!reader_take_pair (&reader))
      return false;
  if (ret->splits > 0 && ret->split >= ret->splits)
    return reader_refuse (&reader, "says that it is part %u of %u", ret->split + 1, ret->splits);
  if (ret->splits <= 1)
    ret->split = ret->splits = 0;
  return reader_take_tensors (&reader);
}
