/*
 * daemon.h: the life of radioshopd: start, serve, reload, drain, end. For main.c.
 */
#ifndef RADIOSHOP_DAEMON_H
#define RADIOSHOP_DAEMON_H

#include <stdio.h>

/* What the process ends with. */
enum daemon_exit {
	DAEMON_EXIT_OK = 0,
	DAEMON_EXIT_FAILED = 1, /* could not start, or must not go on; one line on standard error */
	DAEMON_EXIT_CONFIG = 2, /* wrong configuration or arguments; one line on standard error */
};

/* Serves until SIGTERM or SIGINT, or until something makes serving impossible. */
enum daemon_exit daemon_run(const char *config_path);

/*
 * Checks all that a start needs without starting: configuration, certificates, table of methods, database.
 * Writes a line for each to out, the faults to standard error.
 */
enum daemon_exit daemon_check(const char *config_path, FILE *out);

/* Prints the configuration in force; path NULL: the defaults. */
enum daemon_exit daemon_print_config(const char *config_path, FILE *out);

#endif
