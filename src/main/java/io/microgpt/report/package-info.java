/** The picture of a run: its curves, thinned as they grow, as a page of HTML and as TensorBoard's event files. */
package io.microgpt.report;
