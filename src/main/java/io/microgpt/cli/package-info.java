/** Commands and configuration: the only place that prints to a user or exits. */
package io.microgpt.cli;
