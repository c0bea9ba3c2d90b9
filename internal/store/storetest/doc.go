// Package storetest is the conformance suite of the store: what every database
// behind it has to do alike. It sees a store through its methods only; what is
// particular to one database (its files, tampering with its rows) is tested
// beside it.
package storetest
