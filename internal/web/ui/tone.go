package ui

// Tone is what a color says. It never says it alone: there is a word beside it.
type Tone string

// The tones.
const (
	Calm  Tone = ""      // nothing to do
	Brand Tone = "brand" // goes its way
	Busy  Tone = "busy"  // somebody works on it
	Good  Tone = "good"  // done
	Warn  Tone = "warn"  // wants a look
	Bad   Tone = "bad"   // wrong
)
