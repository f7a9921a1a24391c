// Package story tells what happens in a company from its set-up to its books,
// through the running program alone, on both databases.
//
// A story is a file in testdata that ends in .story, and is read from top to
// bottom. Lines that begin with # are for people; "## Title" begins a chapter. All
// other lines are commands, each with what it must answer behind =>:
//
//	POST /v1/orders {
//		"channel_id": "$channel",
//		"lines": [{"sku": "MUG", "quantity": 3}]
//	}
//	=> 201 status=open total="37.50 EUR" $order=id $mug=lines[sku=MUG].id
//
// A request is a method, a path, perhaps headers ("If-Match: 3", one a line) and a
// JSON body; $name stands for what was kept under it before. Each POST has an
// Idempotency-Key of its own. Behind => stand the status and what is expected:
//
//	path=value     the value at a path of the answer; "" is none
//	path~value     the value holds a text
//	path!=value    it is another one
//	$name=path     keeps a value
//
// A path goes through fields and lists: lines.0.sku, lines[sku=MUG].shipped (the
// first that has it), fulfillments.# (how many there are), and "." alone for the
// whole answer. An amount of money reads "12.50 EUR". Expectations may go on in
// indented lines.
//
// Other commands:
//
//	until GET ...      asks again until the answer is as expected: a job does it
//	again              the last request once more, with its key: the answer is the first one
//	as $token          who acts from here on
//	include FILE       the commands of another file of testdata
//	purser ARGUMENTS   the program's command line; => its exit code and texts of its output
//
// A story ends with "purser verify" and no difference.
package story
