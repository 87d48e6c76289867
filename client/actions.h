/*
 * actions.h: what commands do that a table row alone cannot say. Each returns the exit code; argv begins behind
 * the command's words.
 */
#ifndef RADIOSHOP_ACTIONS_H
#define RADIOSHOP_ACTIONS_H

struct session;
struct command;

int action_asset_import(struct session *s, const struct command *c, int argc, char **argv);   /* import.c */
int action_model_import(struct session *s, const struct command *c, int argc, char **argv);   /* import.c */
int action_meter_import(struct session *s, const struct command *c, int argc, char **argv);   /* import.c */
int action_runs_import(struct session *s, const struct command *c, int argc, char **argv);    /* import.c */
int action_attachment_add(struct session *s, const struct command *c, int argc, char **argv); /* upload.c */
int action_attachment_get(struct session *s, const struct command *c, int argc, char **argv); /* download.c */
int action_mapping_save(struct session *s, const struct command *c, int argc, char **argv);   /* saved_mapping.c */
int action_export(struct session *s, const struct command *c, int argc, char **argv);         /* run.c */
int action_health(struct session *s, const struct command *c, int argc, char **argv);         /* run.c */
int action_call(struct session *s, const struct command *c, int argc, char **argv);           /* run.c */
int action_feed(struct session *s, const struct command *c, int argc, char **argv);           /* feed.c */
int action_page(struct session *s, const struct command *c, int argc, char **argv);           /* page.c */
int action_scan(struct session *s, const struct command *c, int argc, char **argv);           /* scan.c */
int action_emit(struct session *s, const struct command *c, int argc, char **argv);           /* emit.c */
int action_alert_status(struct session *s, const struct command *c, int argc, char **argv);   /* run.c */
int action_send(struct session *s, const struct command *c, int argc, char **argv);           /* send.c */
int action_print(struct session *s, const struct command *c, int argc, char **argv);          /* statement_page.c */
int action_unsent_list(struct session *s, const struct command *c, int argc, char **argv);    /* unsent.c */
int action_unsent_send(struct session *s, const struct command *c, int argc, char **argv);    /* unsent.c */
int action_unsent_drop(struct session *s, const struct command *c, int argc, char **argv);    /* unsent.c */
int action_completion(struct session *s, const struct command *c, int argc, char **argv);     /* completion.c */
int action_help(struct session *s, const struct command *c, int argc, char **argv);           /* help.c */

#endif
