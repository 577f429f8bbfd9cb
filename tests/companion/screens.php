<?php
/**
 * Reads a call on each line of the input, as JSON: name and arguments; prints its result as JSON.
 *
 * Usage: php screens.php FOLDER_OF_THE_SCREENS
 */

define( 'ABSPATH', '/' );
define( 'DAY_IN_SECONDS', 86400 );

function __( $text ) {
	return $text;
}

function wp_check_invalid_utf8( $text ) {
	return $text;
}

function wp_timezone() {
	return new DateTimeZone( 'Europe/Berlin' );
}

function wp_date( $format, $stamp ) {
	return ( new DateTimeImmutable( "@$stamp" ) )->setTimezone( wp_timezone() )->format( $format );
}

function absint( $value ) {
	return abs( (int) $value );
}

foreach ( array( 'card', 'html', 'pending', 'requests' ) as $name ) {
	require "$argv[1]/class-wcflow-$name.php";
}

/**
 * Return tags with what happens to each, after some requests.
 */
function labels( $names, $requests ) {
	$rows = array();
	foreach ( $requests as list( $action, $tag, $state ) ) {
		$rows[] = array(
			'action' => $action,
			'data'   => array( 'tag' => $tag ),
			'state'  => $state,
		);
	}
	return ( new Wcflow_Pending( $rows ) )->labels( $names, 'tag' );
}

$calls = array(
	'labels' => 'labels',
	'clean'  => array( 'Wcflow_Requests', 'clean' ),
	'each'   => array( 'Wcflow_Requests', 'each' ),
	'stamp'  => array( 'Wcflow_Html', 'stamp' ),
	'short'  => array( 'Wcflow_Html', 'short' ),
);
foreach ( explode( "\n", stream_get_contents( STDIN ) ) as $line ) {
	list( $name, $arguments ) = json_decode( $line, true );
	echo json_encode( call_user_func_array( $calls[ $name ], $arguments ) ), "\n";
}
