<?php
/**
 * What the plugin must do about consent and personal data in a real WordPress; read by checks.php.
 *
 * @package wcflow-companion
 */

/**
 * Unsubscribes an address as a POST does; returns whether that was written.
 *
 * @param string $address E-mail address.
 * @param array  $names   Topics.
 */
function unsubscribe( $address, $names = array( 'email' ) ) {
	$method = new ReflectionMethod( 'Wcflow_Mail', 'withdraw' );
	$method->setAccessible( true );
	return $method->invoke( null, "token of $address", $address, $names );
}

/**
 * Returns the kinds and topics of the events of an address.
 *
 * @param string $address E-mail address.
 */
function topics_told( $address ) {
	global $wpdb;
	$rows = $wpdb->get_col( $wpdb->prepare( 'SELECT data FROM ' . Wcflow_Tables::name( 'events' ) . " WHERE kind = 'unsubscribed' AND email = %s ORDER BY id", $address ) );
	return array_map(
		static function ( $data ) {
			return json_decode( $data, true )['topics'];
		},
		$rows
	);
}

$checks['unsubscribing sets the field of every account with that address, and tells it once'] = function () {
	$topics = array(
		array( 'name' => 'email', 'label' => 'E-mail', 'meta' => 'accepts_marketing' ),
		array( 'name' => 'sms', 'label' => 'SMS', 'meta' => 'accepts_sms' ),
	);
	$key    = str_repeat( 'a', 64 );
	same( '', Wcflow_Settings::save_given( array( 'digest' => 'd', 'unsubscribe_key' => $key, 'link_key' => $key, 'topics' => $topics ) ), 'settings' );
	$one   = wp_insert_user( array( 'user_login' => 'one', 'user_pass' => 'x', 'user_email' => 'e.one@x.example' ) );
	$bill  = wp_insert_user( array( 'user_login' => 'bill', 'user_pass' => 'x', 'user_email' => 'bill@x.example' ) );
	$other = wp_insert_user( array( 'user_login' => 'other', 'user_pass' => 'x', 'user_email' => 'é.one@x.example' ) );
	update_user_meta( $bill, 'billing_email', 'E.One@X.example' );
	foreach ( array( $one, $bill, $other ) as $user ) {
		update_user_meta( $user, 'accepts_marketing', 'yes' );
		update_user_meta( $user, 'accepts_sms', 'yes' );
	}
	same( true, unsubscribe( 'e.one@x.example' ), 'written' );
	same( true, unsubscribe( 'e.one@x.example' ), 'written again' );
	same( array( array( 'email' ) ), topics_told( 'e.one@x.example' ), 'told' );
	foreach ( array( $one => 'no', $bill => 'no', $other => 'yes' ) as $user => $answer ) {
		same( $answer, get_user_meta( $user, 'accepts_marketing', true ), "consent of $user" );
		same( 'yes', get_user_meta( $user, 'accepts_sms', true ), "other topic of $user" );
	}
	update_user_meta( $one, 'accepts_marketing', 'yes' );
	unsubscribe( 'e.one@x.example' );
	same( 2, count( topics_told( 'e.one@x.example' ) ), 'told after they agreed again' );
};

$checks['e-mail can be unsubscribed where only another channel has a field'] = function () {
	$key    = str_repeat( 'a', 64 );
	$topics = array( array( 'name' => 'sms', 'label' => 'SMS', 'meta' => 'accepts_sms' ) );
	same( '', Wcflow_Settings::save_given( array( 'digest' => 'd', 'unsubscribe_key' => $key, 'link_key' => $key, 'topics' => $topics ) ), 'settings' );
	same( array( 'email', 'sms' ), wp_list_pluck( Wcflow_Settings::topics(), 'name' ), 'topics' );
	$chosen = new ReflectionMethod( 'Wcflow_Mail', 'chosen_topics' );
	$chosen->setAccessible( true );
	same( array( 'email' ), $chosen->invoke( null ), 'one click' );
};

$checks['a guest unsubscribes too'] = function () {
	unsubscribe( 'guest@y.example' );
	unsubscribe( 'guest@y.example' );
	unsubscribe( 'guest@y.example', array( 'sms' ) );
	same( array( array( 'email' ), array( 'sms' ) ), topics_told( 'guest@y.example' ) );
};

$checks['personal data is exported and erased'] = function () {
	$user = wp_insert_user( array( 'user_login' => 'vera', 'user_pass' => 'x', 'user_email' => 'vera@x.example' ) );
	Wcflow_People::save( card( 77, array( 'email' => 'vera@x.example', 'emails' => array( 'vera@x.example' ), 'name' => '<b>Vera</b>', 'tags' => array( 'Gold', 'Old' ) ) ) );
	Wcflow_Streams::append_event( 'search', $user, '', array( 'words' => '<script>' ) );
	Wcflow_Streams::append_event( 'search', 0, 'vera@x.example', array( 'words' => 'b' ) );
	Wcflow_Streams::append_event( 'search', 0, 'else@x.example', array( 'words' => 'c' ) );
	Wcflow_Streams::flush();
	$last     = Wcflow_Streams::bounds( 'events' )['last'];
	$exporter = apply_filters( 'wp_privacy_personal_data_exporters', array() )['wcflow-companion']['callback'];
	$eraser   = apply_filters( 'wp_privacy_personal_data_erasers', array() )['wcflow-companion']['callback'];
	$found    = $exporter( 'vera@x.example', 1 );
	same( true, $found['done'], 'done' );
	same( array( 'wcflow-person', 'wcflow-events', 'wcflow-events' ), wp_list_pluck( $found['data'], 'group_id' ), 'groups' );
	$values = wp_list_pluck( $found['data'][0]['data'], 'value', 'name' );
	same( array( '&lt;b&gt;Vera&lt;/b&gt;', 'Gold; Old' ), array( $values['Name'], $values['Tags'] ), 'values' );
	same( false, strpos( wp_json_encode( $found ), '<script>' ), 'script' );
	same( array(), $exporter( 'vera@x.example', 2 )['data'], 'second page' );
	same( true, $eraser( 'vera@x.example', 1 )['items_removed'], 'removed' );
	same( array(), $exporter( 'vera@x.example', 1 )['data'], 'after' );
	same( null, Wcflow_People::find( 77 ), 'person' );
	same( 1, count( $exporter( 'else@x.example', 1 )['data'] ), 'somebody else' );
	same( $last, Wcflow_Streams::bounds( 'events' )['last'], 'numbers' );
	same( false, $eraser( 'vera@x.example', 1 )['items_removed'], 'nothing left' );
};
