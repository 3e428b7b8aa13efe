/* Telling systemd (sd_notify(3), the protocol behind NOTIFY_SOCKET) what the service does.
 * Threads: any. Owns nothing. Failure: nobody asked, or nobody listens: nothing happens; a listener
 * whose queue stays full is waited for SLC_NOTIFY_WAIT_S, and then hears nothing of it. */
#ifndef SLC_ENGINE_NOTIFY_H
#define SLC_ENGINE_NOTIFY_H

#define SLC_NOTIFY_WAIT_S 1

/* For example "READY=1\nSTATUS=serving". */
void slc_notify(const char *state);

#endif
