<?php
/**
 * Names what PHP 7.4 cannot read in files: php syntax.php FILES.
 *
 * @package wcflow-companion
 */

$newer = array( 'T_MATCH', 'T_NULLSAFE_OBJECT_OPERATOR', 'T_ENUM', 'T_READONLY', 'T_ATTRIBUTE' );
foreach ( array_slice( $argv, 1 ) as $file ) {
	$tokens = array_values( array_filter( token_get_all( file_get_contents( $file ) ), function ( $token ) {
		return ! is_array( $token ) || ! in_array( $token[0], array( T_WHITESPACE, T_COMMENT, T_DOC_COMMENT ), true );
	} ) );
	foreach ( $tokens as $place => $token ) {
		$before = $tokens[ $place - 1 ] ?? '';
		$after  = $tokens[ $place + 1 ] ?? '';
		if ( is_array( $token ) && in_array( token_name( $token[0] ), $newer, true ) ) {
			echo "$file:{$token[2]}: $token[1]\n";
		}
		// Named arguments: ( name: or , name: but no ?:, case or label.
		if ( is_array( $token ) && T_STRING === $token[0] && ':' === $after && in_array( $before, array( '(', ',' ), true ) ) {
			echo "$file:{$token[2]}: named argument $token[1]\n";
		}
		// A union of types before a variable, and a trailing comma in a list of parameters.
		if ( '|' === $token && is_array( $before ) && T_STRING === $before[0] && is_array( $after ) && in_array( $after[0], array( T_STRING, T_ARRAY ), true ) && is_array( $tokens[ $place + 2 ] ?? '' ) && T_VARIABLE === $tokens[ $place + 2 ][0] ) {
			echo "$file:{$before[2]}: union of types\n";
		}
		if ( is_array( $token ) && in_array( $token[0], array( T_PUBLIC, T_PRIVATE, T_PROTECTED ), true ) && in_array( $before, array( '(', ',' ), true ) ) {
			echo "$file:{$token[2]}: property in a constructor\n";
		}
		if ( is_array( $token ) && T_STRING === $token[0] && 'static' === strtolower( $token[1] ) && is_array( $before ) && ':' === $before[1] ) {
			echo "$file:{$token[2]}: static as a type\n";
		}
	}
}
