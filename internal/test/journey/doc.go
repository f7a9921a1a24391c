// Package journey walks through the back office as people do, in a real browser
// over the whole program, and makes the pictures of the documents.
package journey
