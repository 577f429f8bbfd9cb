<?php
/**
 * Reads a token on each line of the input; prints what Wcflow_Token says of it, as a line of JSON.
 *
 * Usage: php tokens.php CLASS_FILE UNSUBSCRIBE_KEY LINK_KEY
 */

define( 'ABSPATH', '/' );

class Wcflow_Settings {
	public static $keys = array();

	public static function key( $name ) {
		return self::$keys[ $name ];
	}
}

function wp_unslash( $value ) {
	return $value;
}

function sanitize_text_field( $text ) {
	return $text;
}

require $argv[1];
Wcflow_Settings::$keys = array(
	'unsubscribe' => (string) hex2bin( $argv[2] ),
	'link'        => (string) hex2bin( $argv[3] ),
);
foreach ( explode( "\n", stream_get_contents( STDIN ) ) as $line ) {
	$_GET['wcflow'] = json_decode( $line, true );
	$token          = Wcflow_Token::of_request( 'wcflow' );
	echo json_encode(
		array(
			'subscriber' => Wcflow_Token::subscriber( $token ),
			'open'       => Wcflow_Token::is_open( $token ),
			'target'     => Wcflow_Token::target( $token ),
		)
	), "\n";
}
