/*
 * proc/main.c: one program: the supervisor, every process, the command line.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "proc/commands.h"
#include "proc/role.h"

/* `beimen --role NAME INSTANCE`: how the supervisor starts a process. */
static int
role_main(const char *name, const char *instance)
{
	const struct role_row *row = role_row(role_find(name));
	uint64_t n;

	if (row == NULL ||
	    !span_number(span_text(instance), CHILD_INSTANCES - 1, &n)) {
		(void)fprintf(stderr, "beimen: no such process: %s\n", name);
		return 2;
	}
	return child_main(row, (unsigned)n);
}

int
main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "--role") == 0)
		return role_main(argv[2], argv[3]);
	return cli_main(argc, argv, &commands_backend);
}
