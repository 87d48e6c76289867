/*
 * http.c: fuzzes the request line of the plain port: a path that is taken begins with a slash, has no blank and no query,
 * and lies within the line.
 */
#include "http.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = malloc(size + 1);
	const char *path;
	bool head_only;
	size_t len;
	int status;

	if (!line)
		return 0;
	if (size > 0)
		memcpy(line, data, size);
	line[size] = '\0';
	len = strlen(line);
	status = http_request_line(line, &path, &head_only);
	expect((status == 200) == (path != NULL));
	expect(status == 200 || status == 400 || status == 405);
	if (path)
		expect(path[0] == '/' && !strpbrk(path, " ?") && path > line && path + strlen(path) < line + len);
	free(line);
	return 0;
}
