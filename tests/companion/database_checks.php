<?php
/**
 * When the daemon begins with a new database, it gives the numbers of people and tasks to others.
 *
 * @package wcflow-companion
 */

/**
 * Sends a form to its handler, and returns what that said was wrong.
 *
 * @param array    $form    Fields of the form.
 * @param string   $nonce   What its nonce is for.
 * @param callable $handler Handler, which goes to another page in the end.
 */
function send_form( $form, $nonce, $handler ) {
	delete_transient( 'wcflow_problem_1' );
	$_POST    = $form;
	$_REQUEST = array( '_wpnonce' => wp_create_nonce( $nonce ) );
	$stop     = function () {
		throw new Exception( 'sent' );
	};
	add_filter( 'wp_redirect', $stop );
	try {
		$handler();
	} catch ( Exception $sent ) {
		remove_filter( 'wp_redirect', $stop );
	}
	$_POST    = array();
	$_REQUEST = array();
	return (string) get_transient( 'wcflow_problem_1' );
}

$checks['people of another database are removed at once, and their numbers are taken out of requests'] = function () {
	call( 'POST', 'people', array( 'generation' => 'one:1', 'people' => array( card( 6001, array( 'accounts' => array( 61 ) ) ), card( 6002 ) ) ) );
	$one  = Wcflow_Mailbox::add( 'tag.add', Wcflow_People::find( 6001 ), array( 'tag' => 'Gold' ) );
	$bulk = wp_generate_uuid4();
	Wcflow_Mailbox::add_many( 'tag.add', array( array( 6001, 61 ), array( 6002, 0 ) ), array( array( 'tag' => 'Press' ) ), $bulk, 'one:1' );
	same( 2, count( Wcflow_Mailbox::pending_for( 6001 ) ), 'pending' );
	call( 'POST', 'people', array( 'generation' => 'one:2', 'people' => array() ) );
	same( 'Person 6002', Wcflow_People::find( 6002 )['name'], 'the same database' );

	call( 'POST', 'people', array( 'generation' => 'two:1', 'people' => array( card( 6001, array( 'name' => 'Somebody else' ) ) ) ) );
	same( array( 'Somebody else', null ), array( Wcflow_People::find( 6001 )['name'], Wcflow_People::find( 6002 ) ), 'people' );
	same( array( null, 1 ), array( Wcflow_People::find_by_customer( 61 ), call( 'GET', 'status' )[1]['people'] ), 'accounts' );
	same( array(), Wcflow_Mailbox::pending_for( 6001 ), 'not about somebody else' );
	$request = Wcflow_Mailbox::find_many( array( $one ) )[0];
	same( array( 'pending', 0, 'p6001@x.example', 'one:1' ), array( $request['state'], $request['person'], $request['email'], $request['generation'] ), 'request' );
	same( true, Wcflow_Mailbox::has_bulk( $bulk ), 'bulk' );
};

$checks['a request has the generation of what the page showed'] = function () {
	$last = Wcflow_Streams::bounds( 'requests' )['last'];
	$send = function ( $form ) {
		return send_form( $form, Wcflow_Requests::HANDLER, array( 'Wcflow_Requests', 'handle_post' ) );
	};
	$same = array( 'wcflow_action' => 'tag.add', 'person' => '6001', 'wcflow' => array( 'tag' => 'New' ), 'wcflow_generation' => 'two:7' );
	same( '', $send( $same ), 'the same database' );
	same( 'wcflow no longer knows this customer.', $send( array( 'wcflow_generation' => 'one:2' ) + $same ), 'another database' );
	same( '', $send( array( 'wcflow_action' => 'task.done', 'person' => '0', 'wcflow' => array( 'task' => '4' ), 'wcflow_generation' => 'one:2' ) ), 'task' );
	age( 'requests', 5 );
	$rows = array_values( array_filter( call( 'GET', 'requests', null, array( 'limit' => 500 ) )[1]['rows'], function ( $row ) use ( $last ) { return $row['id'] > $last; } ) );
	same( array(), array_filter( Wcflow_Mailbox::of_tasks( '' ), function ( $row ) use ( $last ) { return $row['id'] > $last; } ), 'not a task of now' );
	same( array( array( 6001, 'two:1' ), array( 0, 'one:2' ) ), array_map( function ( $row ) { return array( $row['person'], $row['generation'] ); }, $rows ), 'rows' );
	same( array( 'id', 'key', 'at', 'by', 'user_id', 'person', 'customer_id', 'email', 'action', 'data', 'generation', 'reason', 'bulk' ), array_keys( $rows[0] ), 'fields' );
};

$checks['selected customers are not changed where their numbers are of another database'] = function () {
	$last = Wcflow_Streams::bounds( 'requests' )['last'];
	foreach ( array( 'one:2' => 0, 'two:1' => 1 ) as $generation => $wanted ) {
		$form = array( 'customer' => array( '6001' ), 'wcflow_value' => array( 'tag' => 'Bulk' ), 'wcflow_generation' => $generation );
		send_form(
			$form,
			'bulk-customers',
			function () {
				Wcflow_Customers_Bulk::handle( 'tag.add' );
			}
		);
		same( $wanted, Wcflow_Streams::bounds( 'requests' )['last'] - $last, $generation );
	}
};
