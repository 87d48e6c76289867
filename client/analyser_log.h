/*
 * analyser_log.h: the pass/fail log of a communications analyser as rows, in the form of a csv file of results.
 *
 * Lines NAME: VALUE say whose run it is, lines of fields what was measured:
 *
 *   FREEDOM R8000 AutoTune                              a title: the first line of the file, or a line between two
 * rules
 *   ======================                              a rule: only of = - * _ # and blanks
 *   Serial Number: 426CRP0001                           the radio; Tag, Date, Time (or Date/Time), Analyzer Serial,
 *   Date: 11/20/2026                                    Plan, Procedure and Notes are known, too. Model, Operator,
 *   Time: 2:32:05 PM                                    Firmware, Overall Result and the like are read over.
 *   Analyzer Serial: R8-10042
 *   Test                Measured  Unit  Min   Max  Result      names of the fields; may be left out
 *   TX Frequency Error    -120.5  Hz   -696   696  PASS        also: -120.5 Hz in one field; limits may be "-" or N/A
 *   TX Power @ 851.0125 MHz  2.9  W       1     3  PASS
 *   Display               PASS                                 a step that is no reading
 *
 * Fields are parted by tabs, by | or by two blanks or more. A line NAME: VALUE behind measured ones begins the next
 * run, and nothing of the run before holds for it; only Notes and what is read over may follow. A line that is none of
 * these stays in the list as a row with its fault, within the run that it stands in, so that it can be reported and the
 * run is not taken for whole.
 */
#ifndef RADIOSHOP_ANALYSER_LOG_H
#define RADIOSHOP_ANALYSER_LOG_H

#include "csv_rows.h"

/* Whether the text is such a log rather than a table: one of its first two lines that say something is a known NAME:
 * VALUE. */
bool analyser_log_is(const char *text, size_t len);
/*
 * Reads all lines into rows with the columns serial, tag, tested_at, analyser, plan, procedure, step, value, unit,
 * frequency_mhz, low, high, verdict, notes; owned by ctx. name is for messages. False with INVALID_ARGUMENT: no text, a
 * line that is too long, or nothing in it.
 */
bool analyser_log_read(TALLOC_CTX *ctx, const char *name, const char *text, size_t len, struct csv_file **ret_file,
	struct error *err) MUST_CHECK;

#endif
