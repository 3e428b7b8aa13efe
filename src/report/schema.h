/* The schema of the report. Threads: constants. Ownership: static. Failure: none. */
#ifndef SLC_REPORT_SCHEMA_H
#define SLC_REPORT_SCHEMA_H

/* "SLRP": tells the file from every other SQLite file. */
#define SLC_REPORT_APPLICATION_ID 0x534c5250

extern const char slc_report_schema[];
extern const char slc_report_indexes[];      /* of a file that is finished */
extern const char slc_report_live_indexes[]; /* of a file that rows are removed from */

#endif
