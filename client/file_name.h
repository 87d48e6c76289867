/*
 * file_name.h: a name from the database as the name of a file here.
 */
#ifndef RADIOSHOP_FILE_NAME_H
#define RADIOSHOP_FILE_NAME_H

#include <talloc.h>

enum { FILE_NAME_BYTES = 200 };

/*
 * The name that a file is saved under, whatever the shop calls it: a single component of a path, 1 to FILE_NAME_BYTES
 * bytes of UTF-8 that a terminal can only show, no hidden file, no word that a command takes for an option, nothing
 * that another system would read as a device or a path. What is not allowed becomes _. Owned by ctx; never NULL.
 */
char *file_name(TALLOC_CTX *ctx, const char *name);

#endif
