// Package story holds tests that read as documentation: what people do, told
// through the API from the first request to the books.
package story
